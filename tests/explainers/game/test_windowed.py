"""A text read in windows is the mean of a game for each window, where the value is linear in the logits."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest

from explainers import Question
from explainers.contract import Case, FloatArray
from explainers.game import stopping
from explainers.game.sampling import design_for
from explainers.game.windowed import estimated_by_window, players_at_once
from explainers.runner import case_of
from tests.tiny import tiny

SENTENCES = [f"the film is {word}, and {other} movie recovers." for word in ("good", "bad", "dull") for other in "abc"]
TEXT = " ".join(SENTENCES * 3)


def asked(labels: int = 2, **question: object) -> Case:
    return case_of(tiny("bert", labels=labels), Question.about(TEXT, players="sentence", precision="fp32", **question))


def estimated(case: Case, rows: int, *, seed: int = 0) -> FloatArray:
    scores, _ = stopping.estimated(case, design_for(case.table.players, rows, seed, exact_players=0))
    return scores[0]


def test_the_same_rows_tell_more_window_by_window() -> None:
    """Less than two thirds of the error that one estimate for all players leaves, both against five times the rows;
    and the sum is the change of the output."""
    case = asked()
    exactly = estimated(case, 900, seed=1)
    apart = estimated(case, 180)
    with mock.patch.object(stopping, "estimated_by_window", return_value=None):
        together = estimated(case, 180)
    told = case.values(case.table.whole) - case.values(case.table.empty)

    assert players_at_once(case) < case.table.players
    assert np.linalg.norm(apart - exactly) < 2 / 3 * np.linalg.norm(together - exactly)
    assert apart.sum() == pytest.approx(told[0, 0])


@pytest.mark.parametrize(("value", "apart"), [("logit", True), ("log-odds", False), ("probability", False)])
def test_a_value_that_mixes_windows_is_estimated_as_a_whole(value: str, apart: bool) -> None:
    """Of three classes the log-odds of the mean are not the mean of the log-odds."""
    case = asked(labels=3, value=value)
    design = design_for(case.table.players, 128, 0, exact_players=0)
    case.table.logits(design.keep)

    assert (estimated_by_window(case, design) is not None) == apart
