"""Areas and their intervals: against DeLong's formula written out, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from app.audit.data.values import Reason
from app.audit.statistics.auc import Area, area, area_gap_interval, area_interval, covariance, missing_interval


def drawn(rng: np.random.Generator, positives: int, negatives: int, true: float) -> Area:
    """Normal scores whose true area is known: the means are sqrt(2)·Φ⁻¹(area) apart."""
    labels = np.arange(positives + negatives) < positives
    scores = rng.normal(size=len(labels)) + labels * 2**0.5 * stats.norm.ppf(true)
    found = area(scores, ~labels, labels)
    assert found is not None
    return found


def coverage(true: float, positives: int, negatives: int, runs: int, seed: int = 0) -> float:
    """Share of simulated intervals that hold the true area; a sample in perfect order has none and counts as a miss."""
    rng = np.random.default_rng(seed)
    intervals = (area_interval(drawn(rng, positives, negatives, true)) for _ in range(runs))
    return sum(found is not None and true in found for found in intervals) / runs


def test_variance_is_delongs() -> None:
    """S10 / m + S01 / n over the placements, with ties counted half."""
    rng = np.random.default_rng(0)
    labels = np.arange(50) < 20
    scores = np.round(rng.normal(size=50) + labels, 1)
    wins = (scores[labels][:, None] > scores[~labels]) + 0.5 * (scores[labels][:, None] == scores[~labels])
    expected = wins.mean(axis=1).var(ddof=1) / 20 + wins.mean(axis=0).var(ddof=1) / 30
    found = area(scores, ~labels, labels)
    assert found is not None

    assert found.value == pytest.approx(wins.mean(), abs=1e-12)
    assert found.variance(None) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("true", [0.7, 0.95])
def test_intervals_cover_as_they_say(true: float) -> None:
    """On 600 simulated samples; `make audit-figures` runs more of them."""
    assert 0.92 <= coverage(true, 40, 60, 600) <= 0.98


def test_few_rows_have_no_interval() -> None:
    """From 30 on either side; below it says thin, below 10 too few; perfect order has no spread to be estimated."""
    rng = np.random.default_rng(1)

    assert missing_interval(drawn(rng, 29, 100, 0.8), None) is Reason.THIN
    assert missing_interval(drawn(rng, 9, 100, 0.8), None) is Reason.TOO_FEW
    assert missing_interval(drawn(rng, 30, 30, 1 - 1e-12), None) is Reason.NO_VARIATION
    assert area_interval(drawn(rng, 29, 100, 0.8)) is None
    assert area(np.array([0.1, 0.2]), np.array([True, False]), np.array([False, True])) is None


def test_areas_near_one_are_called_approximate() -> None:
    """Above .95."""
    found = area_interval(drawn(np.random.default_rng(2), 60, 300, 0.985))
    assert found is not None

    assert found.note is Reason.NEAR_ONE
    assert found.high < 1


def test_copies_of_a_row_are_no_news() -> None:
    """Every row four times, as one cluster each: the interval of the single rows again."""
    single = drawn(np.random.default_rng(3), 40, 40, 0.8)
    labels = np.arange(80) < 40
    rng = np.random.default_rng(3)
    scores = rng.normal(size=80) + labels * 2**0.5 * stats.norm.ppf(0.8)
    copies = np.repeat(np.arange(80), 4)
    clustered = area(scores[copies], ~labels[copies], labels[copies])
    assert clustered is not None

    assert clustered.variance(copies) == pytest.approx(single.variance(None), rel=0.03)
    assert clustered.variance(None) < 0.3 * single.variance(None)


def test_rows_in_common_narrow_the_gap_of_two_areas() -> None:
    """An area minus itself is known far better than the gap of two areas over different rows."""
    one = drawn(np.random.default_rng(4), 50, 50, 0.8)
    found, alone = area_gap_interval(one, one), area_interval(one)
    assert found is not None
    assert alone is not None

    assert covariance(one, one, None) == one.variance(None)
    assert 0 in found
    assert found.high - found.low < 0.4 * 2**0.5 * (alone.high - alone.low)
