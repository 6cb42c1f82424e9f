"""Mentions of identities in texts."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from app.audit.data.lexicon import Lexicon

ENGLISH, CHINESE = Lexicon.load("en"), Lexicon.load("zh")
TEMPLATES = Path(__file__).parents[5] / "shared" / "data" / "jigsaw_sentence_templates" / "inputs"


def mentioned(lexicon: Lexicon, text: str) -> list[str]:
    return [mention.group for mention in lexicon.find(text)]


def test_the_lists_are_as_long_as_they_should_be() -> None:
    """English at least 50 terms over 13 axes, Chinese at least 40, no group twice."""
    assert len(ENGLISH.terms) >= 50
    assert len({group.axis for group in ENGLISH.groups}) == len({group.axis for group in CHINESE.groups}) == 13
    assert len(CHINESE.terms) >= 40


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("African American voters", ["black people"]),
        ("an african\n american", ["black people"]),
        ("American voters", ["american people"]),
        ("the female and the male", ["women", "men"]),
        ("LGBTQ+ and gay PEOPLE", ["queer people", "gay people"]),
        ("hard‑of‑hearing or hard-of-hearing", ["deaf people"]),
        ("a black box in the White House", []),
        ("it fell on deaf ears", []),
        ("Megay and transport and humane", []),
        ("他们说gay和straight people", ["gay people", "straight people"]),
    ],
)
def test_english_terms_are_whole_words_and_the_longest_wins(text: str, groups: list[str]) -> None:
    """Several words, any case, any run of spaces; phrases that are no mention are passed over."""
    assert mentioned(ENGLISH, text) == groups


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("黑人和白人", ["黑人", "白人"]),
        ("他是个明白人", []),
        ("非裔美国人", ["黑人"]),
        ("女同性恋者", ["女同性恋者"]),
        ("多少年了", []),
        ("中国人民银行", []),
        ("文盲人口", []),
        ("妇女人数", []),
        ("武汉人", []),
        ("汉人", ["汉族"]),
        ("首先生气", []),
    ],
)
def test_chinese_terms_do_not_match_inside_other_words(text: str, groups: list[str]) -> None:
    """There are no spaces to tell, so the list names longer words that hold a term."""
    assert mentioned(CHINESE, text) == groups


def test_a_mention_is_cut_out_of_the_text() -> None:
    """Offsets are those of the text as it stands."""
    text = "My 👩🏽 gay İ friend, a Muslim woman."

    assert [text[m.start : m.end] for m in ENGLISH.find(text)] == [m.term for m in ENGLISH.find(text)]
    assert mentioned(ENGLISH, text) == ["gay people", "muslim people", "women"]


def test_a_list_can_be_edited_as_text() -> None:
    """What is rendered is read back; the digest is of what it says, not of its comments."""
    assert Lexicon.parse(CHINESE.render()) == CHINESE
    assert Lexicon.parse("# mine\n[x]\na: b, c\n").digest == Lexicon.parse("[x]\n\na: b,c").digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names no group"),
        ("[x]\nno terms", "line 2"),
        ("a: b\na: c", "listed twice"),
        (f"a: {'x' * 101}", "longer"),
    ],
)
def test_a_list_that_cannot_be_read_says_where(text: str, words: str) -> None:
    """The line, and what a line looks like."""
    with pytest.raises(ValueError, match=words):
        Lexicon.parse(text)


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="needs ../shared/data")
def test_the_identities_of_the_templates_are_found() -> None:
    """All but bare adjectives that mean too much else to be a mention: old, young, straight."""
    words = (TEMPLATES / "adjectives_people.txt").read_text(encoding="utf-8").split("\n")

    assert [word for word in words if word.strip() and not mentioned(ENGLISH, word)] == ["straight", "old", "young"]


@pytest.mark.skipif(not TEMPLATES.is_dir(), reason="needs ../shared/data")
def test_the_lists_hold_no_word_that_the_templates_mark_as_toxic() -> None:
    """No slur stands in the repository."""
    with (TEMPLATES / "words.csv").open(encoding="utf-8", newline="") as file:
        slurs = {
            row["word"] for row in csv.DictReader(file) if row["type"] == "identity" and row["connotation"] == "toxic"
        }

    assert slurs & set(ENGLISH.terms) == set()
