"""Intervals for independent rows: Wilson for a rate, Agresti and Caffo for a difference of two, Welch for means."""

from __future__ import annotations

import numpy as np

from ..data.values import LEVEL, Bools, Floats, Interval, Ints, Reason
from .normal import quantile


def wilson(events: float, n: int, *, level: float = LEVEL) -> Interval | None:
    """Score interval of a rate (Wilson 1927); None without rows."""
    if n == 0:
        return None
    low, high = wilson_bounds(np.array([events], dtype=np.float64), np.array([n], dtype=np.float64), level=level)
    return Interval(float(low[0]), float(high[0]), "Wilson", level)


def wilson_bounds(events: Floats, n: Floats, *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Both ends for many rates at once; n must be positive."""
    z = quantile((1 + level) / 2)
    rate = events / n
    centre = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def agresti_caffo(events: float, n: int, other_events: float, other_n: int, *, level: float = LEVEL) -> Interval | None:
    """Interval of rate − other rate for two independent samples (Agresti & Caffo 2000); None without rows.

    The other sample must not contain the first: a group is compared with its background, never with all rows.
    """
    if n == 0 or other_n == 0:
        return None
    low, high = agresti_caffo_bounds(
        (np.array([events], dtype=np.float64), np.array([n], dtype=np.float64)),
        (np.array([other_events], dtype=np.float64), np.array([other_n], dtype=np.float64)),
        level=level,
    )
    return Interval(float(low[0]), float(high[0]), "Agresti-Caffo", level)


def agresti_caffo_bounds(
    first: tuple[Floats, Floats], second: tuple[Floats, Floats], *, level: float = LEVEL
) -> tuple[Floats, Floats]:
    """Both ends for many differences at once; each sample is (events, n). Wald's interval after a success and a failure
    are added to each sample, within −1 and 1."""
    (events, n), (other_events, other_n) = ((counted + 1, size + 2) for counted, size in (first, second))
    rate, other = events / n, other_events / other_n
    half = quantile((1 + level) / 2) * np.sqrt(rate * (1 - rate) / n + other * (1 - other) / other_n)
    return np.maximum(rate - other - half, -1.0), np.minimum(rate - other + half, 1.0)


def welch(values: Floats, others: Floats, *, level: float = LEVEL) -> Interval | None:
    """Interval of mean − other mean for two independent samples of unequal spread (Welch 1947); None below 2 rows."""
    from scipy import special  # not at the start: the process of the pages stays small

    n, m = len(values), len(others)
    if n < 2 or m < 2:
        return None
    parts = values.var(ddof=1) / n, others.var(ddof=1) / m
    gap, total = float(values.mean() - others.mean()), float(sum(parts))
    if total == 0:
        return Interval(gap, gap, "Welch", level, Reason.NO_VARIATION)
    freedom = total**2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * total**0.5
    return Interval(gap - half, gap + half, "Welch", level)


def wilson_clustered(events: Bools, clusters: Ints, *, level: float = LEVEL) -> Interval | None:
    """Wilson's interval of a rate whose rows (n,) come in clusters: of as many independent rows as they are worth, n
    over the design effect of the ratio estimator (Rao & Scott 1992); Wilson's own where each cluster is one row. None
    without rows.

    Where all rows are alike there is no spread to go by, and each cluster counts once.
    """
    if not len(events):
        return None
    _, places = np.unique(clusters, return_inverse=True)
    counts = np.bincount(places).astype(np.float64)
    sums = np.bincount(places, weights=events.astype(np.float64))
    n, m = len(events), len(counts)
    if n == m:
        return wilson(float(sums.sum()), n, level=level)
    rate = float(sums.sum() / n)
    worth = float(m)
    if 0 < rate < 1 and m > 1:
        spread = m / (m - 1) * float(((sums - rate * counts) ** 2).sum()) / n**2
        worth = float(np.clip(rate * (1 - rate) / max(spread, 1e-12), 1, n))
    low, high = wilson_bounds(np.array([rate * worth]), np.array([worth]), level=level)
    return Interval(float(low[0]), float(high[0]), "Wilson, clustered", level)
