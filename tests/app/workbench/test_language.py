"""Conditions: what is written is read, written back in one way, and chooses the rows that it says."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadRequest
from app.workbench.study.choose import chosen
from app.workbench.study.frame import Frame, named
from app.workbench.study.language import (
    All,
    Any,
    Compared,
    Condition,
    Contains,
    Is,
    Judged,
    Matches,
    Not,
    both,
    is_textual,
    read,
    written,
)
from app.workbench.study.words import holds, words_of

CLASSES = ("no", "yes")
FRAME = Frame(
    texts=["Not good", "don't like THIS film", "what a film?", "不好看", "fine"],
    classes=CLASSES,
    label=named(["no", "no", "yes", "no", "maybe"], CLASSES),
    predicted=named(["yes", "no", "yes", "no", "no"], CLASSES),
    confidence=np.array([0.9, 0.6, 0.7, 0.8, np.nan]),
    groups={"made by": named(["x", "y", None, "x", "y"]), "price": named(["1", "2", "1", "2", "1"])},
    tags={"short": np.array([True, False, False, True, True])},
)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("right", [1, 2, 3]),
        ("wrong", [0]),
        ("not right", [0, 4]),
        ("label = maybe", [4]),
        ("predicted != yes", [1, 3, 4]),
        ("confidence >= .7 and confidence<0.9", [2, 3]),
        ('contains "not"', [0]),
        ("contains don", []),
        ('contains "DON’T"', [1]),
        ('contains "this   film"', [1]),
        ("contains film?", [2]),
        ("contains 好", [3]),
        ('matches "f[ai]l?[mn]"', [1, 2, 4]),
        ("words <= 2 or words = 3", [0, 3, 4]),
        ('group "made by" = x', [0, 3]),
        ("price = 1 and not (wrong or label = yes)", [4]),
        ("tag short and right", [3]),
        ('slice "calm"', [1, 2]),
        ("right or wrong and price = 1", [0, 1, 2, 3]),
    ],
)
def test_a_condition_chooses_its_rows(statement: str, rows: list[int]) -> None:
    """`or` binds least, `not` most; words are whole, Chinese signs stand alone."""
    mask = chosen(FRAME, read(statement), {"calm": read("right and not tag short")})

    assert np.flatnonzero(mask).tolist() == rows


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("colour = red", "Groups: made by, price"),
        ("label = perhaps", "Labels and classes: no, yes, maybe"),
        ("price = 3", "Values: 1, 2"),
        ("slice odd", "Slices: odd"),
        ("tag long", "Tags: short"),
        ("x < 1", "Ask a model first"),
        ("confidence > high", "Write conditions such as"),
        ("(right", "Write conditions such as"),
        ("right wrong", "Write conditions such as"),
        ('contains "', "Write conditions such as"),
        ('contains " "', 'contains "word"'),
        ('matches "(a)\\\\1"', "no back-references"),
        ('matches "(?=a)"', "no look-around"),
        ("not " * 30 + "right", "a part a slice"),
        ("right " * 400, "Write conditions such as"),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_cure(statement: str, says: str) -> None:
    """Also a slice that is made of itself."""
    slices = {"odd": read("slice odd")} if statement == "slice odd" else {}
    with pytest.raises(BadRequest) as refused:
        chosen(FRAME, read(statement), slices)

    assert says in refused.value.cure or (slices and "made of itself" in str(refused.value))


NAMES = st.text(min_size=1, max_size=12).filter(lambda text: text.strip() == text and text != "")
WORDS = NAMES.map(lambda text: " ".join(text.split())).filter(bool)
NUMBERS = st.sampled_from((-9.0, 0.125, 3.0, 1_234_567.0))
LEAVES = st.one_of(
    st.builds(Is, st.sampled_from(("label", "predicted", "tag", "slice", "badge", "cluster")), NAMES),
    st.builds(Is, NAMES.map(lambda name: f"group:{name}"), NAMES),
    st.builds(Compared, st.sampled_from(("words", "x")), st.sampled_from(("<", "<=", ">", ">=")), NUMBERS),
    st.builds(Judged, st.booleans()),
    st.builds(Contains, WORDS),
    st.builds(Matches, st.sampled_from(("a+", 'b"c', "\\d{2}"))),
)  # fmt: skip
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3, unique=True).map(lambda parts: both(*parts)),
        st.lists(inner, min_size=2, max_size=3, unique=True).map(
            lambda parts: Any(tuple(dict.fromkeys(e for p in parts for e in (p.parts if isinstance(p, Any) else (p,)))))
        ),
    ),
    max_leaves=6,
)


@given(CONDITIONS)
def test_what_is_written_is_read_as_it_was(condition: Condition) -> None:
    """Whatever stands in names and words: quotes, keywords, signs."""
    assert read(written(condition)) == condition


def test_conditions_are_joined_flat() -> None:
    """What is in a text keeps a condition out of addresses."""
    joined = both(read("right and words < 3"), read("right"), read(""))

    assert joined == All((Judged(True), Compared("words", "<", 3.0)))
    assert not is_textual(joined)
    assert is_textual(read("right or not (wrong and contains a)"))


@given(st.text(alphabet="ab ’'?好不.", max_size=12))
def test_every_word_of_a_text_is_found_in_it(text: str) -> None:
    """The search and the words of a text have the same borders, so that a slice that was found is what it says."""
    words = set(words_of(text))

    assert all(holds(text, word) for word in words)
    assert {word for word in ("a", "b", "ab", "a'b", "好", "?") if holds(text, word)} <= words


def test_no_pattern_takes_long() -> None:
    """The classic catastrophe of backtracking."""
    frame = Frame(
        texts=["a" * 20_000 + "!"] * 5, classes=CLASSES, label=named(["no"] * 5, CLASSES),
        predicted=named(["no"] * 5, CLASSES), confidence=np.ones(5),
    )  # fmt: skip
    started = time.process_time()
    chosen(frame, read('matches "(a+)+$"'))

    assert time.process_time() - started < 2
