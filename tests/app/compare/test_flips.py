"""Flips between two models: the exact test, the paired interval, and the slices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from app.compare.flips import churn_of, flips_by_slice, flips_of, paired_interval


def judged(both: int, better: int, worse: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, better, worse, neither]
    return np.repeat([True, False, True, False], counts), np.repeat([True, True, False, False], counts)


@pytest.mark.parametrize(("better", "worse"), [(0, 0), (3, 0), (7, 2), (11, 11), (40, 61)])
def test_flips_are_counted_and_tested_as_statsmodels_does(better: int, worse: int) -> None:
    """McNemar's exact test of the two-by-two table."""
    first, second = judged(50, better, worse, 9)
    found = flips_of(first, second)
    oracle = mcnemar([[50, worse], [better, 9]], exact=True)

    assert (found.both, found.better, found.worse, found.neither) == (50, better, worse, 9)
    assert found.p == pytest.approx(1.0 if better == worse else oracle.pvalue)
    assert found.accuracy == (first.mean(), second.mean())
    assert found.difference == pytest.approx(second.mean() - first.mean())


def test_the_interval_covers_the_difference() -> None:
    """Over every outcome of 30 pairs, weighted by its probability: at least 93 % of intervals hold the truth."""
    n, gained, lost = 30, 0.15, 0.05
    covered = 0.0
    for better, worse in itertools.product(range(n + 1), repeat=2):
        if better + worse > n:
            continue
        chance = stats.multinomial.pmf([better, worse, n - better - worse], n, [gained, lost, 1 - gained - lost])
        interval = paired_interval(better, worse, n)
        assert interval is not None
        covered += chance * (gained - lost in interval)

    assert 0.93 <= covered <= 0.995


def test_slices_are_corrected_together() -> None:
    """One slice in which everything flips, and two in which nothing does."""
    first, second = judged(20, 0, 8, 2)
    slices = [first & ~second, first & second, ~first]
    found = flips_by_slice(first, second, slices)

    assert [each.worse for each in found] == [8, 0, 0]
    assert found[0].p == pytest.approx(2 * 0.5**8)
    assert found[0].q == pytest.approx(3 * found[0].p)
    assert flips_of(first[:0], second[:0]).accuracy is None


def test_churn_names_each_change() -> None:
    """A row that cannot be predicted is none."""
    first, second = np.array([0, 0, 1, -1, 1]), np.array([1, 1, 1, 0, 0])
    right = np.array([False, True, True, False, True]), np.array([True, False, True, False, False])
    found = churn_of(("no", "yes"), first, second, right=right)

    assert [(each.before, each.after, each.rows, each.better, each.worse) for each in found] == [
        ("no", "yes", 2, 1, 1), ("yes", "no", 1, 0, 1),
    ]  # fmt: skip
