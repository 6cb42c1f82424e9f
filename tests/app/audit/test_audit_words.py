"""Masked words: known by their hashes alone, readable only when somebody asks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.audit.evidence import words
from app.cli import application


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of one made-up word."""
    file = tmp_path / "masked"
    file.write_text(words.digest_of("Zorkling") + "\n")
    monkeypatch.setattr(words, "MASKED", file)
    words.masked_hashes.cache_clear()
    monkeypatch.setattr(words, "masked_hashes", words.masked_hashes.__wrapped__)


@pytest.mark.usefixtures("listed")
def test_a_listed_word_is_masked_whatever_its_form() -> None:
    """In capitals, as a plural, with a hyphen and beside a comma; the rest of the text stays."""
    assert words.masked_text("A ZORKLING, two zorklings and a half-zorkling.") == (
        "A Z•••••••, two z•••••••• and a h••••••••••••."
    )


@pytest.mark.usefixtures("listed")
def test_a_longer_word_that_holds_it_is_not_masked() -> None:
    """Whole words only."""
    assert words.masked_text("zorklingest") == "zorklingest"


def test_the_command_prints_hashes_and_never_a_term(tmp_path: Path) -> None:
    """Case-folded and sorted, each once."""
    file = tmp_path / "terms.txt"
    file.write_text("Zorkling\nzorkling\n\nblorp\n")
    said = CliRunner().invoke(application, ["audit", "mask", str(file)]).output.split()

    assert said == sorted({words.digest_of("zorkling"), words.digest_of("blorp")})


def test_the_shipped_list_holds_hashes_only() -> None:
    """Nothing of it can be read."""
    lines = words.MASKED.read_text(encoding="ascii").split()

    assert lines
    assert all(re.fullmatch(r"[0-9a-f]{64}", line) for line in lines)
