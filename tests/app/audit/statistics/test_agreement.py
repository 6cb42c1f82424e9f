"""Intervals at the level of a family's findings."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.data.values import Interval
from app.audit.statistics.agreement import agreeing, bound_of
from app.audit.statistics.multiplicity import Correction, q_values


@pytest.mark.parametrize("correction", ["bh", "by"])
def test_the_bound_parts_what_is_found_from_what_is_not(correction: Correction) -> None:
    """p at most the bound where q is at most alpha, in every one of 500 families; tests without p do not count."""
    rng = np.random.default_rng(0)
    for _ in range(500):
        p_values = [*(rng.random(12) ** rng.integers(1, 8, 12)).tolist(), None]
        bound = bound_of(p_values, alpha=0.05, correction=correction)
        found = [q is not None and q <= 0.05 for q in q_values(p_values, correction)]

        assert [p is not None and p <= bound.bound * (1 + 1e-9) for p in p_values] == found
        assert (bound.tested, bound.found) == (12, sum(found))


@pytest.mark.parametrize(
    ("low", "high", "gap", "found"),
    [(-0.01, 0.30, 0.15, True), (-0.30, 0.01, -0.15, True), (0.01, 0.30, 0.15, False), (-0.30, -0.01, -0.15, False)],
)
def test_an_interval_that_parts_from_the_test_ends_where_the_test_has_it(
    low: float, high: float, gap: float, found: bool
) -> None:
    """On the side of 0 that the test says; the other end stays."""
    made = agreeing(Interval(low, high, "any", 0.95), gap, found=found)

    assert made is not None
    assert (0 in made) is not found
    assert (made.high if gap > 0 else made.low) == (high if gap > 0 else low)
    assert made.low <= gap <= made.high
    assert "by the test" in made.method


def test_an_interval_that_agrees_stays() -> None:
    """Nor is anything made of none."""
    made = Interval(0.01, 0.3, "any", 0.95)

    assert agreeing(made, 0.15, found=True) is made
    assert agreeing(None, 0.15, found=True) is None
