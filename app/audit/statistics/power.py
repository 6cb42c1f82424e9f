"""How small a gap these rows could show: the minimal detectable gap, and what clustering costs."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from ..data.values import Floats, Ints

NORMAL = NormalDist()  # not scipy: a form counts too, in the process of the pages
POWER = 0.8


def detectable_gap(
    rate: float, n: int, other_n: int, *, tests: int = 1, alpha: float = 0.05, inflation: float = 1.0
) -> float | None:
    """The gap found with 80 % power: (z_{1−a/2} + z_.8) sqrt(p(1−p)(1/n + 1/n′)), a = alpha / tests, p pooled.

    inflation is the design effect of clustered rows, see `design_effect`. A pooled rate of 0 or 1 is moved inside by
    half a row: otherwise no rows at all would seem to show any gap. None without rows.
    """
    if n == 0 or other_n == 0:
        return None
    total = n + other_n
    pooled = min(max(rate, 0.5 / total), 1 - 0.5 / total)
    return detectable_mean_gap(pooled * (1 - pooled), n, other_n, tests=tests, alpha=alpha, inflation=inflation)


def detectable_mean_gap(
    variance: float, n: int, other_n: int, *, tests: int = 1, alpha: float = 0.05, inflation: float = 1.0
) -> float:
    """The detectable gap of a mean of values with that pooled variance."""
    return float(quantiles(tests=tests, alpha=alpha) * (variance * (1 / n + 1 / other_n) * inflation) ** 0.5)


def quantiles(*, tests: int = 1, alpha: float = 0.05) -> float:
    """How many standard errors a gap must have to be found with 80 % power among so many tests."""
    return NORMAL.inv_cdf(1 - alpha / tests / 2) + NORMAL.inv_cdf(POWER)


def intraclass_correlation(values: Floats, clusters: Ints) -> float:
    """Share of the variance that lies between clusters (one-way analysis of variance), between 0 and 1."""
    sizes = np.bincount(clusters)
    present = sizes > 0
    sizes = sizes[present]
    n, k = len(values), len(sizes)
    if k < 2 or n <= k:
        return 0.0
    means = np.bincount(clusters, weights=values)[present] / sizes
    between = float((sizes * (means - values.mean()) ** 2).sum() / (k - 1))
    within = float(((values**2).sum() - (sizes * means**2).sum()) / (n - k))
    typical = (n - (sizes**2).sum() / n) / (k - 1)
    denominator = between + (typical - 1) * within
    return float(np.clip((between - within) / denominator, 0.0, 1.0)) if denominator > 0 else 0.0


def design_effect(values: Floats, clusters: Ints | None) -> float:
    """1 + (m − 1) · ICC with m the mean rows a cluster, where a cluster is of one group; 1 for independent rows."""
    if clusters is None or not len(values):
        return 1.0
    return 1 + (len(values) / len(np.unique(clusters)) - 1) * intraclass_correlation(values, clusters)
