from __future__ import annotations

import numpy as np
import pytest

from explainers import BadInput
from explainers.metrics.spread import spread
from explainers.testing import LinearModel
from tests.given import case_for, given

CASE = case_for(LinearModel({"a": (0.0, 1.0)}), "a b c")


def test_three_runs_by_hand() -> None:
    """Orders of (3, 2, 1), (3, 1, 2) and (2, 3, 1): one pair of three turns between the first and either, two between
    the others: τ 1/3, 1/3 and −1/3. The first feature is the strongest twice."""
    found = spread([given(CASE, 3, 2, 1), given(CASE, 3, 1, 2), given(CASE, 2, 3, 1)])

    assert found.taus == pytest.approx((1 / 3, 1 / 3, -1 / 3))
    assert found.least_tau == pytest.approx(-1 / 3)
    assert (found.strongest, found.times, found.runs) == (0, 2, 3)
    assert (found.low == [2, 1, 1]).all()
    assert (found.high == [3, 3, 2]).all()
    assert found.turned == ()
    assert not found.still


def test_only_what_is_painted_changes_sides() -> None:
    """A tenth of the largest score is painted; a score that is nearly 0 may have either sign."""
    found = spread([given(CASE, 3, 0.4, 0.1), given(CASE, 3, -0.4, -0.1)])

    assert found.turned == (1,)


def test_moves_of_arithmetic_are_none() -> None:
    assert spread([given(CASE, 3, 2, 1), given(CASE, 3.002, 2, 1)]).still
    assert not spread([given(CASE, 3, 2, 1), given(CASE, 3.02, 2, 1)]).still


def test_scores_of_zero_have_no_order() -> None:
    found = spread([given(CASE, 0, 0, 0), given(CASE, 0, 0, 0)])

    assert (found.taus, found.least_tau, found.strongest, found.times, found.still) == ((), None, None, 0, True)


def test_a_method_without_sign_is_compared_by_size() -> None:
    found = spread([given(CASE, 0.5, 0.3, 0.2, unit="share"), given(CASE, 0.6, 0.3, 0.1, unit="share")])

    assert found.taus == (1.0,)
    assert np.array_equal(found.scores[0], [0.5, 0.3, 0.2])


def test_what_cannot_be_compared_is_refused() -> None:
    other = case_for(LinearModel({"a": (0.0, 1.0)}), "a b d")
    with pytest.raises(BadInput, match="1 of 1"):
        spread([given(CASE, 3, 2, 1)])
    with pytest.raises(BadInput, match="different"):
        spread([given(CASE, 3, 2, 1), given(other, 3, 2, 1)])
