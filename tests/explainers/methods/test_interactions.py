from __future__ import annotations

import numpy as np
import pytest
import shapiq

from explainers.game.shapley import all_coalitions
from explainers.methods.interactions import Interactions, shapley_interactions
from explainers.methods.shap import Shap
from explainers.testing import AndModel, LinearModel, NeighbourModel
from tests.given import case_for
from tests.tiny import tiny


def test_a_linear_model_has_no_interactions() -> None:
    """What each word does alone is its weight, and the pairs are empty."""
    case = case_for(LinearModel({"good": (0.0, 2.0), "bad": (0.5, -1.0)}), "good so bad")

    found = Interactions().explain(case)

    assert found.interactions[1] == pytest.approx(np.diag([2, 0, -1.5]))


def test_two_words_that_count_only_together() -> None:
    """Log-odds 2 for both and 0 for less: I = 2 − 0 − 0 + 0, each alone nothing, each Shapley value half of it."""
    found = Interactions().explain(case_for(AndModel(), "a b"))

    assert found.interactions[1] == pytest.approx(np.array([[0, 2], [2, 0]]))
    assert found.scores[1] == pytest.approx([1, 1])


def test_three_words_that_count_only_together_are_shared_among_pairs() -> None:
    """m(abc) = 2, so a pair gets 2/(3 − 2 + 1) = 1; alone 2/3 − 1 each, so that all adds up to 2."""
    found = Interactions().explain(case_for(AndModel(), "a b c"))

    assert found.interactions[1][0, 1] == pytest.approx(1)
    assert found.interactions[1].diagonal() == pytest.approx([2 / 3 - 1] * 3)


@pytest.mark.parametrize("players", [2, 3, 6])
def test_the_numbers_are_those_of_shapiq(players: int) -> None:
    """k-SII of order 2 of a game of random values, from shapiq's own exact computer."""
    keep = all_coalitions(players)
    values = np.random.default_rng(players).normal(size=(len(keep), 2))
    numbers = 1 << np.arange(players)

    singles, pairs = shapley_interactions(values, players)

    for column in range(2):
        computer = shapiq.ExactComputer(lambda rows, column=column: values[rows.astype(int) @ numbers, column], players)
        theirs = computer("k-SII", order=2)
        for i in range(players):
            assert singles[column, i] - pairs[column, i].sum() / 2 == pytest.approx(theirs[(i,)])
            for j in range(i):
                assert pairs[column, i, j] == pairs[column, j, i] == pytest.approx(theirs[(j, i)])


def test_everything_adds_up() -> None:
    """Diagonal and pairs, each once, to v(x) − v(baseline); and the scores are SHAP's."""
    case = case_for(tiny("bert", labels=3), "a good, witty film")

    found = Interactions().explain(case)

    for matrix, output, baseline in zip(found.interactions, found.output, found.baseline_output, strict=True):
        assert np.triu(matrix).sum() == pytest.approx(output - baseline)
    assert found.scores == pytest.approx(Shap().explain(case).scores)


def test_no_evaluation_is_made_twice() -> None:
    """SHAP has filled the table: nothing is left to ask."""
    case = case_for(NeighbourModel({"good": (0.0, 2.0), "bad": (0.5, -1.0)}), "good bad good")
    Shap().explain(case)
    before = case.table.evaluations

    Interactions().explain(case)

    assert case.table.evaluations == before
