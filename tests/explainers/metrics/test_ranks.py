from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies
from scipy.stats import kendalltau

from explainers.metrics.ranks import is_signed, kendall_tau, scores_of, strongest_first
from explainers.testing import LinearModel
from tests.given import case_for
from tests.given import given as attribution

NUMBERS = strategies.integers(-3, 3)


def test_an_order_has_the_highest_score_first_and_the_earlier_of_equals() -> None:
    """Ties are broken by position, so that the same scores always give the same order."""
    order = strongest_first(np.array([0.5, -2.0, 1.0, 0.5]))

    assert order == (2, 0, 3, 1)


def test_kendall_tau_counts_pairs() -> None:
    """Of the three pairs of (1,2,3) and (1,3,2) two agree and one does not: (2 − 1) / 3."""
    assert kendall_tau(np.array([1.0, 2, 3]), np.array([1.0, 3, 2])) == pytest.approx(1 / 3)


def test_kendall_tau_corrects_for_ties() -> None:
    """(1,1,2) has two untied pairs of three, (1,2,3) has three: 2 / sqrt(2 · 3)."""
    assert kendall_tau(np.array([1.0, 1, 2]), np.array([1.0, 2, 3])) == pytest.approx(2 / 6**0.5)


def test_kendall_tau_of_constant_scores_does_not_exist() -> None:
    """No pair is ordered, so nothing can agree."""
    assert kendall_tau(np.ones(4), np.arange(4.0)) is None


@given(strategies.lists(strategies.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12))
def test_kendall_tau_is_the_one_of_scipy(pairs: list[tuple[int, int]]) -> None:
    """τ-b, ties and all."""
    first, second = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))

    ours, theirs = kendall_tau(first, second), kendalltau(first, second).statistic

    assert (ours is None and np.isnan(theirs)) or ours == pytest.approx(theirs)


def test_scores_are_those_of_the_predicted_class() -> None:
    """Class 0 is predicted, so the row of class 0 is read, whose signs are turned."""
    case = case_for(LinearModel({"bad": (3.0, 0.0)}), "bad day")

    scores = scores_of(attribution(case, 1.0, -2.0))

    assert scores is not None
    assert scores.tolist() == [-1.0, 2.0]


@pytest.mark.parametrize(("unit", "signed"), [("share", False), ("relevance", False), (None, True)])
def test_shares_and_relevance_have_no_sign(unit: str | None, signed: bool) -> None:
    """Everything that is explained in the value function's unit has one."""
    case = case_for(LinearModel({}), "a b")

    assert is_signed(attribution(case, 1.0, 2.0, unit=unit)) is signed  # type: ignore[arg-type]
