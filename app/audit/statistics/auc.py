"""Intervals for areas under ROC curves, from the placement of every row (DeLong et al. 1988).

An area's influence values sum in squares to its variance; over clusters their sums do (Obuchowski 1997). Differences
of areas, with or without rows in common, are combined from the two intervals (Zou & Donner 2008), so they keep their
lopsidedness near 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..data.values import CLUSTERS, FEW, LEVEL, THIN, Bools, Floats, Interval, Ints, Reason

NEAR_ONE = 0.95


@dataclass(frozen=True)
class Area:
    """An area, the rows on either side, and the influence (n,) of every row on it (0 for rows not in it)."""

    value: float
    negatives: int
    positives: int
    influence: Floats

    def variance(self, clusters: Ints | None) -> float:
        return covariance(self, self, clusters)


def area(scores: Floats, negatives: Bools, positives: Bools) -> Area | None:
    """The area over the rows marked negative and positive; None where either side has fewer than two."""
    n, m = int(negatives.sum()), int(positives.sum())
    if n < 2 or m < 2:
        return None
    low, high = scores[negatives], scores[positives]
    above = _placement(low, high)  # share of negatives below each positive
    below = 1 - _placement(high, low)  # share of positives above each negative
    value = float(above.mean())
    influence = np.zeros(len(scores))
    influence[positives] = (above - value) / (m * (m - 1)) ** 0.5
    influence[negatives] += (below - value) / (n * (n - 1)) ** 0.5
    return Area(value, n, m, influence)


def _placement(others: Floats, values: Floats) -> Floats:
    ordered = np.sort(others)
    twice = np.searchsorted(ordered, values, side="left") + np.searchsorted(ordered, values, side="right")
    placement: Floats = twice / (2 * len(others))
    return placement


def covariance(first: Area, second: Area, clusters: Ints | None) -> float:
    """Covariance of two areas over the same rows; independent where no row (or cluster) is in both."""
    if clusters is None:
        return float(first.influence @ second.influence)
    count = int(clusters.max()) + 1
    sums = [np.bincount(clusters, weights=one.influence, minlength=count) for one in (first, second)]
    used = int(((sums[0] != 0) | (sums[1] != 0)).sum())
    return float(sums[0] @ sums[1]) * (used / (used - 1) if used > 1 else 1.0)


def missing_interval(one: Area | None, clusters: Ints | None) -> Reason | None:
    """Why an area has no interval, None if it has: below 30 on a side, too few clusters, or perfect order."""
    if one is None or min(one.negatives, one.positives) < FEW:
        return Reason.TOO_FEW
    if min(one.negatives, one.positives) < THIN:
        return Reason.THIN
    if clusters is not None and len(np.unique(clusters[one.influence != 0])) < CLUSTERS:
        return Reason.TOO_FEW_CLUSTERS
    return Reason.NO_VARIATION if one.variance(clusters) <= 0 or not 0 < one.value < 1 else None


def area_interval(one: Area | None, *, clusters: Ints | None = None, level: float = LEVEL) -> Interval | None:
    """Interval on the logit scale; above .95 it is marked approximate. None where `missing_interval` has a reason."""
    if one is None or missing_interval(one, clusters) is not None:
        return None
    slope = one.value * (1 - one.value)
    centre = float(np.log(one.value / (1 - one.value)))
    half = _quantile(level) * one.variance(clusters) ** 0.5 / slope
    low, high = 1 / (1 + np.exp(-(centre - half))), 1 / (1 + np.exp(-(centre + half)))
    note = Reason.NEAR_ONE if one.value > NEAR_ONE else None
    return Interval(float(low), float(high), "DeLong, logit", level, note)


def area_gap_interval(
    first: Area | None, second: Area | None, *, clusters: Ints | None = None, level: float = LEVEL
) -> Interval | None:
    """Interval of first − second; None where either has none."""
    a, b = (area_interval(one, clusters=clusters, level=level) for one in (first, second))
    if first is None or second is None or a is None or b is None:
        return None
    correlation = covariance(first, second, clusters) / (first.variance(clusters) * second.variance(clusters)) ** 0.5
    gap = first.value - second.value
    down = _combine(first.value - a.low, b.high - second.value, correlation)
    up = _combine(a.high - first.value, second.value - b.low, correlation)
    return Interval(gap - down, gap + up, "DeLong, logit, combined", level, a.note or b.note)


def _combine(one: float, other: float, correlation: float) -> float:
    return float(max(one * one + other * other - 2 * correlation * one * other, 0.0) ** 0.5)


def _quantile(level: float) -> float:
    return float(stats.norm.ppf((1 + level) / 2))
