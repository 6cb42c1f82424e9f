"""Medians, ratios and turns, on a clock that is moved by hand."""

from __future__ import annotations

import pytest

from explainers.bench.texts import NINE, SENTENCES, text_of
from explainers.bench.timing import compared, geometric_mean, in_turn, with_geomean
from explainers.errors import BadInput


def test_tasks_are_timed_in_turn() -> None:
    """Round by round, so that a slow minute of the machine falls on all."""
    now, calls = [0.0], []

    def task(name: str, seconds: float) -> None:
        calls.append(name)
        now[0] += seconds

    found = in_turn({"a": lambda: task("a", 1), "b": lambda: task("b", 3)}, rounds=2, clock=lambda: now[0])

    assert calls == ["a", "b", "a", "b"]
    assert found == {"a": [1, 1], "b": [3, 3]}


def test_the_ratio_is_of_medians() -> None:
    """Peers 2 + 4 = 6 s by their medians against 3 s: twice as long, whatever one slow round says."""
    found = compared([3.0, 3.0, 90.0], {"x": [2.0, 2.0, 50.0], "y": [1.0, 4.0, 4.0]})

    assert found == {"ratio": 2.0, "whence_s": 3.0, "peers_s": 6.0}


def test_the_geometric_mean_of_the_ratios() -> None:
    """2 and 8: 4."""
    assert geometric_mean([2, 8]) == pytest.approx(4)
    assert with_geomean({"8": {"ratio": 2.0}, "16": {"ratio": 8.0}})["geomean"] == pytest.approx(4)


def test_the_sentences_have_the_words_they_are_named_by() -> None:
    """One player a word: there is no punctuation in them."""
    assert all(len(text.split()) == count for count, text in SENTENCES.items())
    assert all(len(text_of(count).split()) == count for count in range(1, 33))
    assert {len(text.split()) for text in NINE} == {9}
    assert len(set(NINE)) == 20
    assert all(text.replace(" ", "").isalpha() for text in (*NINE, *SENTENCES.values()))


def test_a_length_without_a_sentence_is_refused() -> None:
    """The message says which there are."""
    with pytest.raises(BadInput, match="99 words"):
        text_of(99)
