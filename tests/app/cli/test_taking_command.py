"""whence datasets search and report: on a file with a tiny encoder, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.app.cli.test_workbench_command import MODEL, printed
from tests.tiny import tiny_comparing

TEXTS = ["a gorgeous witty film", "the movie is bad", "it recovers from its clumsy opening", "the worker co-worker"]


def test_rows_near_a_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The row of the same words is the first; a classifier compares no texts."""
    models = {"similarity": tiny_comparing(), "sentiment": MODEL}
    monkeypatch.setattr("app.cli.taking.find_model", models.__getitem__)
    path = tmp_path / "rows.csv"
    path.write_text("text\n" + "\n".join(TEXTS) + "\n", encoding="utf-8")
    code, out, _ = printed(capsys, "search", str(path), TEXTS[2], "--limit", "2", "--json")
    found = json.loads(out)["rows"]

    assert (code, len(found), found[0]["row"], found[0]["similarity"]) == (0, 2, 2, pytest.approx(1, abs=1e-5))
    assert found[1]["similarity"] < 0.9999
    code, _, told = printed(capsys, "search", str(path), "x", "--encoder", "sentiment")
    assert (code, "compares no texts" in told) == (2, True)


def test_rows_that_cannot_be_read_are_near_to_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the file's nor the encoder's, a whole part of them either: the others keep their numbers."""
    monkeypatch.setattr("app.cli.taking.find_model", lambda name: tiny_comparing())
    monkeypatch.setattr("app.cli.terminal.judged.TOGETHER", 2)
    path = tmp_path / "rows.csv"
    lines = ["text,label", ",a", "\u200b,a", "\u200b,a", f"{TEXTS[0]},b", f"{TEXTS[1]},b", "\u200b,a"]
    path.write_text("\n".join(lines), encoding="utf-8")
    code, out, told = printed(capsys, "search", str(path), TEXTS[1], "--text", "text", "--json")

    assert (code, [each["row"] for each in json.loads(out)["rows"]]) == (0, [3, 2])
    assert "1 rows cannot be read" in told
    assert "line 7: " in told


def test_a_report_is_html_pdf_or_a_contract(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another ending is refused, and a data set that is not there."""
    data = ["--data", str(tmp_path / "data")]
    ending = printed(capsys, "report", "0" * 64, "-o", "a.docx", *data)
    missing = printed(capsys, "report", "0" * 64, "-o", "a.html", *data)

    assert (ending[0], "name it .html, .pdf or .zip" in ending[2]) == (2, True)
    assert (missing[0], "no data set is called" in missing[2]) == (2, True)
