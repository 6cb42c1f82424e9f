"""A group against its background within strata: templates, documents, or all rows as one stratum.

The gap is Mantel and Haenszel's difference: the mean over strata of the group's mean minus the background's, weighed by
n·m / (n + m), so that strata that hold one of the two alone say nothing. Its numerator is what a permutation of
memberships within strata moves, so that gap and test are of one question, and its interval, which takes strata as drawn
from others like them, is of the same gap. With one stratum it is the plain difference of two means.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse, special

from ..data.values import CLUSTERS, Bools, Floats, Interval, Ints, Reason, divided

STEPS, NOTHING = 4_001, 1e-15  # on the way from a gap to −1 and to 1, closer together near the gap


@dataclass(frozen=True)
class Strata:
    """Numbers, sums and sums of squares (strata, groups) of the rows of each group, and of its background."""

    n: Floats
    own: Floats
    own_squares: Floats
    m: Floats
    other: Floats
    other_squares: Floats

    def pick(self, groups: Ints, others: Ints | None = None) -> Strata:
        """Some of the groups; against these others in place of their backgrounds where any are given."""
        own = [side[:, groups] for side in (self.n, self.own, self.own_squares)]
        other = [side[:, groups] for side in (self.m, self.other, self.other_squares)]
        if others is not None:
            other = [side[:, others] for side in (self.n, self.own, self.own_squares)]
        return Strata(*own, *other)

    @cached_property
    def weight(self) -> Floats:
        """(strata, groups): n·m / (n + m), 0 where either side is missing."""
        return np.nan_to_num(divided(self.n * self.m, self.n + self.m))

    @cached_property
    def moments(self) -> Floats:
        """(strata, groups): weight · gap of the stratum."""
        return np.nan_to_num(divided(self.m * self.own - self.n * self.other, self.n + self.m))

    @cached_property
    def shared(self) -> Ints:
        """(groups,): strata that hold both the group and its background."""
        held: Ints = (self.weight > 0).sum(axis=0)
        return held

    @property
    def gap(self) -> Floats:
        """(groups,): NaN where no stratum holds both sides."""
        return divided(self.moments.sum(axis=0), self.weight.sum(axis=0))

    @property
    def error(self) -> Floats:
        """(groups,): standard deviation of the gap over all permutations within strata."""
        rows, total = self.n + self.m, self.own + self.other
        squares = self.own_squares + self.other_squares - np.nan_to_num(divided(total**2, rows))
        variance = np.where(rows > 1, np.maximum(squares, 0.0) / np.maximum(rows - 1, 1), 0.0)
        return divided(np.sqrt((self.weight * variance).sum(axis=0)), self.weight.sum(axis=0))

    @property
    def least_error(self) -> Floats:
        """(groups,): the same of rates if half a row had the event."""
        share = 0.5 / np.maximum((self.n + self.m).sum(axis=0), 1)
        return divided(np.sqrt(share * (1 - share)), np.sqrt(self.weight.sum(axis=0)))

    def influence(self, g: int) -> Floats:
        """(strata,): how far leaving each stratum out moves a gap, scaled so that the squares sum to its variance."""
        weight, count, total = self.weight[:, g], int(self.shared[g]), float(self.weight[:, g].sum())
        rest = np.where(weight < total, total - weight, np.inf)
        moved: Floats = ((count - 1) / count) ** 0.5 * (self.moments[:, g] - self.gap[g] * weight) / rest
        return moved

    def interval(self, g: int, level: float, *, rate: bool) -> Interval | None:
        """The interval of one gap; strata left out one at a time, on t, or for a rate where its score test would not
        reject. None below 20 strata that hold both sides."""
        if self.shared[g] < CLUSTERS:
            return None
        one = self if len(self.n[0]) == 1 else self.pick(np.array([g]))
        weight, gap = one.weight, float(one.gap[0])
        variance = float((one.influence(0) ** 2).sum())
        freedom = max(float(weight.sum() ** 2 / (weight**2).sum()) - 1, 1.0)
        wanted = float(special.stdtrit(freedom, (1 + level) / 2)) ** 2
        if not rate:
            return _t_interval(gap, variance, freedom, level, "jackknife over clusters", rate=False)
        return one._score_interval(gap, variance * wanted, level)

    def _score_interval(self, gap: float, reach: float, level: float) -> Interval:
        """The gaps δ around the one seen with (gap − δ)² ≤ z² · variance at δ. At 0 that is the test's; elsewhere that
        of rates δ apart whose mean is the one seen, at least that of events on one side alone; and it grows on the way
        to the gap until it reaches the jackknife's there. reach: z² times the variance by the jackknife."""
        wanted = float(special.ndtri((1 + level) / 2)) ** 2

        def variance(at: Floats) -> Floats:
            return wanted * self._variance(at)

        grown = max(reach / max(float(variance(np.array([gap]))[0]), NOTHING), 1.0) - 1
        ends = []
        for edge in (-1.0, 1.0):
            at = gap + (edge - gap) * np.linspace(0, 1, STEPS) ** 2
            way = np.minimum(np.abs(at) / abs(gap), 1.0) if gap else np.ones(STEPS)
            outside = (at - gap) ** 2 > variance(at) * (1 + grown * way) + NOTHING
            first = int(outside.argmax()) if outside.any() else STEPS - 1
            ends.append(float(at[first]))
        return Interval(ends[0], ends[1], "Mantel-Haenszel, score and jackknife over clusters", level)

    def _variance(self, at: Floats) -> Floats:
        """(k,): of the gap of one group, if the true one was each of these."""
        rows, weight = np.maximum(self.n + self.m, 1), self.weight
        total = float(weight.sum())
        rate = (self.own + self.other) / rows
        tilt = float((weight * (1 - 2 * rate) * (self.m - self.n) / rows).sum()) / total**2
        bend = float((weight * (self.n**3 + self.m**3) / rows**3).sum()) / total**2
        sides = [float((weight**2 / np.maximum(side, 1)).sum()) / total**2 for side in (self.n, self.m)]
        least: Floats = np.abs(at) * (1 - np.abs(at)) * min(sides)
        return np.maximum(float(self.error[0]) ** 2 + tilt * at - bend * at**2, least)


def strata_of(values: Floats, inside: Bools, background: Bools, strata: Ints) -> Strata:
    """values (n,), inside and background (n, groups), strata (n,) numbers from 0."""
    shape = (int(strata.max(initial=-1)) + 1, len(values))
    tables = [
        sparse.csr_array((weights, (strata, np.arange(len(values)))), shape=shape)
        for weights in (np.ones(len(values)), values, values**2)
    ]
    return Strata(*(table @ side.astype(np.float64) for side in (inside, background) for table in tables))


def _t_interval(gap: float, variance: float, freedom: float, level: float, method: str, *, rate: bool) -> Interval:
    half = float(special.stdtrit(freedom, (1 + level) / 2)) * variance**0.5
    low, high = (max(gap - half, -1.0), min(gap + half, 1.0)) if rate else (gap - half, gap + half)
    return Interval(low, high, method, level, None if variance else Reason.NO_VARIATION)


def nested_interval(
    values: Floats, inside: Bools, background: Bools, clusters: Ints, level: float, *, rate: bool
) -> Interval | None:
    """The interval of mean inside − mean in the background where clusters (authors) lie on one side as a whole, each
    of them drawn from others like it; None below 20 on a side. A side of nothing but events, or of none, has the
    variance that one cluster of the other kind would give it."""
    sides = [_side(values, side, clusters, rate=rate) for side in (inside, background)]
    if min(count for *_, count in sides) < CLUSTERS:
        return None
    gap, total = sides[0][0] - sides[1][0], sum(variance for _, variance, _ in sides)
    freedom = total**2 / sum(v**2 / (k - 1) for _, v, k in sides) if total else 1.0
    return _t_interval(gap, total, freedom, level, "clusters, linearised", rate=rate)


def _side(values: Floats, side: Bools, clusters: Ints, *, rate: bool) -> tuple[float, float, int]:
    """Mean, variance of the mean, and clusters."""
    _, at = np.unique(clusters[side], return_inverse=True)
    counts, sums = np.bincount(at).astype(np.float64), np.bincount(at, weights=values[side])
    rows, count = float(counts.sum()), len(counts)
    if count < 2:
        return float(sums.sum() / max(rows, 1.0)), 0.0, count
    mean = float(sums.sum()) / rows
    variance = count / (count - 1) * float(((sums - mean * counts) ** 2).sum()) / rows**2
    return mean, (1 / count**2 if rate and mean in (0.0, 1.0) else variance), count
