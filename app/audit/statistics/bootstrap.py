"""Intervals by resampling: whole clusters where rows belong together, BCa for any statistic of independent rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats

from ..data.values import CLUSTERS, LEVEL, Bools, Floats, Interval, Ints, divided

RESAMPLES = 2_000
Design = Literal["crossed", "nested"]


def cluster_design(inside: Bools, background: Bools, clusters: Ints) -> Design:
    """Nested where every cluster lies in one group as a whole (an author), crossed otherwise (a template)."""
    packed = np.packbits(np.concatenate([inside, background], axis=1), axis=1)
    pattern = np.unique(packed, axis=0, return_inverse=True)[1].ravel()
    kinds = np.unique(np.stack([clusters, pattern], axis=1), axis=0)
    return "nested" if len(kinds) == len(np.unique(clusters)) else "crossed"


def cluster_gap_interval(
    values: Floats,
    inside: Bools,
    background: Bools | None,
    clusters: Ints,
    *,
    design: Design = "crossed",
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval | None:
    """Interval of mean inside − mean in the background, or of the mean alone; None below 20 clusters.

    Crossed: clusters are drawn whole, with all the groups they hold. Nested: clusters of the group and clusters of the
    background are drawn apart. Percentiles are widened as a t interval is (Hesterberg 2015), for few clusters.
    """
    sides = [inside] if background is None else [inside, background]
    tables = [_cluster_sums(values, side, clusters) for side in sides]
    used = [np.flatnonzero(counts) for _, counts in tables]
    draws = np.unique(np.concatenate(used)) if design == "crossed" else None
    fewest = len(draws) if draws is not None else min(len(rows) for rows in used)
    if fewest < CLUSTERS:
        return None
    means = []
    for side, ((sums, counts), rows) in enumerate(zip(tables, used, strict=True)):
        at = rows if draws is None else draws
        weights = _weights(len(at), resamples, (seed, side if draws is None else 0))
        total = weights @ counts[at]
        means.append(divided(weights @ sums[at], total))
    gaps = means[0] - means[1] if len(means) == 2 else means[0]
    low, high = np.quantile(gaps[~np.isnan(gaps)], widened(fewest, level))
    return Interval(float(low), float(high), f"cluster bootstrap, {design}", level)


def _cluster_sums(values: Floats, side: Bools, clusters: Ints) -> tuple[Floats, Floats]:
    count = int(clusters.max()) + 1
    return (
        np.bincount(clusters[side], weights=values[side], minlength=count).astype(np.float64),
        np.bincount(clusters[side], minlength=count).astype(np.float64),
    )


@lru_cache(maxsize=4)  # every group and level of a family asks for the same draws
def _weights(clusters: int, resamples: int, seed: tuple[int, int]) -> Floats:
    """(resamples, clusters): how often each cluster is drawn."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples).astype(np.float64)


def widened(n: int, level: float) -> tuple[float, float]:
    """The percentiles to read off so that n draws cover as their t interval would."""
    tail = float(stats.norm.cdf(-((n / (n - 1)) ** 0.5) * stats.t.ppf((1 + level) / 2, n - 1)))
    return tail, 1 - tail


def bca(
    statistic: Callable[[Ints], float],
    n: int,
    *,
    left_out: Floats | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Interval | None:
    """Bias-corrected and accelerated interval (Efron 1987) of a statistic of row numbers; None where it is undefined.

    `statistic(rows)` takes the numbers of the rows drawn, with repetition, and may answer NaN. left_out (n,): the
    statistic without each row, where that is known without asking n times.
    """
    rng = np.random.default_rng(seed)
    observed = statistic(np.arange(n))
    drawn = np.array([statistic(rng.integers(0, n, n)) for _ in range(resamples)])
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(observed) or len(drawn) < resamples / 2 or np.ptp(drawn) == 0:
        return None
    if left_out is None:
        left_out = np.array([statistic(np.delete(np.arange(n), row)) for row in range(n)])
    deviations = np.nanmean(left_out) - left_out
    scale = float(np.nansum(deviations**2)) ** 1.5
    acceleration = float(np.nansum(deviations**3)) / (6 * scale) if scale else 0.0
    below = (np.count_nonzero(drawn < observed) + np.count_nonzero(drawn == observed) / 2) / len(drawn)
    bias = float(stats.norm.ppf(np.clip(below, 0.5 / len(drawn), 1 - 0.5 / len(drawn))))
    z = bias + stats.norm.ppf([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(drawn, stats.norm.cdf(bias + z / (1 - acceleration * z)))
    return Interval(float(low), float(high), "BCa bootstrap", level)
