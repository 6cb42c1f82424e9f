"""The words of pages: one for a meaning, as docs/words.md has them, and Chinese as it is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from app.web import formatting
from app.web.rendering import LOCALES
from tests.app.test_pages_words import messages

ROOT = Path(__file__).parents[2]
PLACES = re.compile(r"%\(\w+\)s|%%|<[^>]+>|&\w+;")
HAN = r"[\u4e00-\u9fff]"
ENGLISH_KEPT = {  # names, codes, and examples of English texts
    "He is a nurse and she is a surgeon.", "REST", "logit", "PDF, A4", "Anna lives in Rome. Where does Anna live?",
    "The cast is charming. But the film never recovers from its clumsy opening.",
}  # fmt: skip


@cache
def forbidden(language: str) -> tuple[str, ...]:
    """The second column of the tables of docs/words.md."""
    part = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").split(f"## {language}")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line[:1] == "|"]
    return tuple(word.strip() for row in rows[2:] for word in row[1].split(","))


@cache
def chinese() -> dict[str, str]:
    """Each message and its translation, without the places of values."""
    with (LOCALES / "zh" / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh")
    pairs = [(m.id, m.string) for m in catalogue if m.id]
    return {(a if isinstance(a, str) else a[0]): (b if isinstance(b, str) else b[0]) for a, b in pairs}


def holds(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", PLACES.sub(" ", text), re.IGNORECASE) is not None


def test_no_message_says_a_word_that_has_a_better_one() -> None:
    """The list is not empty, and each of its words would be found."""
    words = forbidden("English")
    asked = set(messages()) - {""}

    assert len(words) > 10
    assert [(word, text[:80]) for word in words for text in asked if holds(text, word)] == []
    assert all(holds(f"The {word} here.", word) for word in words)


def test_no_translation_says_a_word_that_has_a_better_one() -> None:
    words = forbidden("Chinese")

    assert len(words) > 6
    assert [(word, said[:60]) for word in words for said in chinese().values() if word in said] == []


@pytest.mark.parametrize(
    ("fault", "pattern"),
    [
        ("a half-width stop or comma behind Chinese", rf"{HAN} ?[,;:?!](?!\d)|{HAN}\.(?!\w)"),
        ("no blank between Chinese and Latin", rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}"),
        ("a half-width bracket around Chinese", rf"\({HAN}|{HAN}\)"),
    ],
)
def test_chinese_is_set_as_chinese(fault: str, pattern: str) -> None:
    found = [said for said in (PLACES.sub("", each) for each in chinese().values()) if re.search(pattern, said)]

    assert found == [], fault


def test_nothing_is_left_in_english() -> None:
    """A translation without a Chinese character has no English word either, names and examples apart."""
    left = [
        message
        for message, said in chinese().items()
        if message not in ENGLISH_KEPT and not re.search(HAN, said) and re.search(r"[A-Za-z]{3}", PLACES.sub("", said))
    ]
    assert left == []


def test_dates_are_written_as_the_language_does() -> None:
    when = datetime(2026, 11, 30, 9, 3, tzinfo=UTC)

    assert formatting.filters("zh")["moment"](when) == "2026年11月30日 09:03 UTC"
    assert formatting.filters("en")["moment"](when) == "30 Nov 2026, 09:03 UTC"


def test_lengths_of_time_are_short() -> None:
    en, zh = formatting.filters("en"), formatting.filters("zh")

    assert [en["lasting"](value) for value in (0.4, 59, 185, 7300)] == ["0 sec", "59 sec", "3 min 5 sec", "2 hr 1 min"]
    assert zh["lasting"](185) == "3分钟 5秒"
    assert [en["about"](value) for value in (3, 47, 200)] == ["10 seconds", "50 seconds", "3 minutes"]
