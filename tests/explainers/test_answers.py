"""Answers that were stored before the library was rebuilt: a sample of tests/bits.py, which has all of them."""

from __future__ import annotations

import json

import pytest

from tests.bits import QUESTIONS, STORED, answers

SAMPLE = (1, 6, 8, 12, 15, 16, 30, 39, 45)  # words, characters, values, baselines, levels, both models: short games
EVERY = json.loads(STORED.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", SAMPLE, ids=lambda number: QUESTIONS[number][1]["text"])
def test_answers_are_those_that_were_stored(number: int) -> None:
    """Every method's scores of the predicted class, to what another machine may round otherwise."""
    found = dict(answers([number]))
    stored = {name: scores for name, scores in EVERY.items() if name.startswith(f"{number} ")}

    assert found.keys() == stored.keys()
    for name, scores in stored.items():
        explained = found[name]
        if scores is None:
            assert explained.scores is None
            continue
        assert explained.scores[explained.row()] == pytest.approx(scores, rel=1e-3, abs=1e-4), name
