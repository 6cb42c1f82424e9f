"""Permutation tests of areas under ROC curves: memberships change places among rows of the same label (and block).

Every draw needs, for each group, areas over the group, across it, and over its background, which is most of the rows.
What the rows of one label are as a whole no permutation changes, so that a background is counted as the whole less the
rows outside it, and a draw costs as much as the groups are large.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.groups import Membership
from ..data.values import Bools, Floats, Ints, Rows
from ..statistics.permutation import BATCH, GapTest, chance_of, permutations_for, sequential_p
from .metrics import labels
from .ranking import pair_counts

LEAST = 199  # draws that are made in any case: they also say what chance makes of the spread
Split = tuple[Ints, Ints]  # row numbers of the negatives and of the positives


@dataclass(frozen=True)
class _Sides:
    """A group, its background, and the rows outside the background (the group, and rows unknown to it)."""

    own: Split
    other: Split
    outside: Split


def ranking_gap_test(
    rows: Rows, membership: Membership, measure: str, *, blocks: Ints | None = None, tests: int = 1, seed: int = 0
) -> GapTest:
    """Each group's gap in one of the five measures of `bias_aucs`, two-sided, and the spread of their values.

    The gap of an area is taken against the area within the background, that of an average equality gap against 0.
    Spreads are studentised by sqrt(1/n + 1/m) of the two sides, which a permutation leaves as it is. Draws stop early
    (Besag & Clifford) where chance is plainly as large.
    """
    positive = labels(rows)
    ranks = np.unique(rows.scores, return_inverse=True)[1].astype(np.int64)
    sides = [
        _Sides(_split(inside, positive), _split(other, positive), _split(~other, positive))
        for inside, other in zip(membership.inside.T, membership.background.T, strict=True)
    ]
    weights = _spread_weights(sides, measure)
    mover = _Mover(ranks, positive, blocks, np.random.default_rng(seed))
    whole = _Whole(ranks, positive)
    ranges: list[Floats] = []

    def statistics(moved: Ints, wanted: Bools) -> tuple[Floats, Floats]:
        """Values (draws, groups), and what is tested: (draws, groups + 1), 0 for what is not wanted any more."""
        values, tested = np.zeros((len(moved), len(sides))), np.zeros((len(moved), len(sides) + 1))
        for g in np.flatnonzero(wanted[:-1] | wanted[-1]):
            count = _Count(moved, sides[g], whole)
            values[:, g] = count.value(measure)
            tested[:, g] = np.abs(values[:, g] - count.reference(measure)) if wanted[g] else 0.0
        tested[:, -1] = _largest(values, weights) if wanted[-1] else 0.0
        return values, tested

    def draw(size: int, wanted: Bools) -> Floats:
        wanted = wanted | (np.arange(len(wanted)) == len(sides)) * (sum(map(len, ranges)) < LEAST)
        values, tested = statistics(mover(size), wanted)
        if wanted[-1]:
            ranges.append(np.ptp(values, axis=1))
        return tested

    observed = statistics(ranks[None, :], np.ones(len(sides) + 1, dtype=bool))[1][0]
    batch = max(1, min(200, BATCH // len(rows)))
    p_values = sequential_p(observed, draw, most=permutations_for(tests), batch=batch, least=LEAST)
    own = tuple(float(p) for p in p_values[:-1])
    if len(sides) < 2:
        return GapTest(own, (), None, None)
    return GapTest(own, (), float(p_values[-1]), chance_of(ranges))


def _split(member: Bools, positive: Bools) -> Split:
    return np.flatnonzero(member & ~positive), np.flatnonzero(member & positive)


class _Mover:
    """Ranks shuffled within label and block."""

    def __init__(self, ranks: Ints, positive: Bools, blocks: Ints | None, rng: np.random.Generator) -> None:
        strata = positive.astype(np.int64) if blocks is None else blocks * 2 + positive
        self.order = np.argsort(strata, kind="stable")
        self.ranks, self.rng = ranks[self.order], rng
        edges = np.flatnonzero(np.diff(strata[self.order], prepend=-1))
        self.spans = list(zip(edges, [*edges[1:], len(ranks)], strict=True))

    def __call__(self, draws: int) -> Ints:
        moved = np.tile(self.ranks, (draws, 1))
        for start, stop in self.spans:
            if stop - start > 1:
                moved[:, start:stop] = self.rng.permuted(moved[:, start:stop], axis=1)
        back = np.empty_like(moved)
        back[:, self.order] = moved
        return back


class _Whole:
    """For every rank: how many rows of each label lie below it and above it, equal ones counted half."""

    def __init__(self, ranks: Ints, positive: Bools) -> None:
        self.ranks = int(ranks.max()) + 1
        counts = [np.bincount(ranks[member], minlength=self.ranks) for member in (~positive, positive)]
        self.below = [np.cumsum(count) - count / 2 for count in counts]
        self.above = [count.sum() - below for count, below in zip(counts, self.below, strict=True)]
        self.pairs = float(counts[1] @ self.below[0])


class _Count:
    """Pairs in the right order for one group, in k draws at once: `moved` (k, rows) has the rank at each row."""

    def __init__(self, moved: Ints, sides: _Sides, whole: _Whole) -> None:
        self.moved, self.sides, self.whole = moved, sides, whole
        self.same = all(np.array_equal(a, b) for a, b in zip(sides.own, sides.outside, strict=True))
        self.within: Floats | None = None

    def value(self, measure: str) -> Floats:
        own, other = self.sides.own, self.sides.other
        if measure == "auc":
            return self._within() / (len(own[0]) * len(own[1]))
        if measure == "bpsn_auc":
            crossed = self._summed(self.whole.above[1], own[0]) - self._outside(own[0], 1)
            return crossed / (len(own[0]) * len(other[1]))
        if measure == "bnsp_auc":
            crossed = self._summed(self.whole.below[0], own[1]) - self._outside(own[1], 0)
            return crossed / (len(other[0]) * len(own[1]))
        label = int(measure == "positive_aeg")
        below = self._summed(self.whole.below[label], own[label]) - self._level(label)
        return below / (len(other[label]) * len(own[label])) - 0.5

    def reference(self, measure: str) -> Floats:
        """The value of no difference: the area within the background, or 0."""
        if measure.endswith("aeg"):
            return np.zeros(len(self.moved))
        outside, other = self.sides.outside, self.sides.other
        rest = (
            self.whole.pairs
            - self._summed(self.whole.above[1], outside[0])
            - self._summed(self.whole.below[0], outside[1])
            + (self._within() if self.same else self._pairs(*outside))
        )
        return rest / (len(other[0]) * len(other[1]))

    def _summed(self, table: Floats, at: Ints) -> Floats:
        found: Floats = table[self.moved[:, at]].sum(axis=1)
        return found

    def _pairs(self, lower: Ints, upper: Ints) -> Floats:
        """(k,) pairs whose upper row lies above, equal ones half; the smaller side is the one that is sorted."""
        if len(lower) <= len(upper):
            return pair_counts(self.moved[:, lower], self.moved[:, upper], self.whole.ranks)
        return len(lower) * len(upper) - pair_counts(self.moved[:, upper], self.moved[:, lower], self.whole.ranks)

    def _within(self) -> Floats:
        if self.within is None:
            self.within = self._pairs(*self.sides.own)
        return self.within

    def _outside(self, own: Ints, label: int) -> Floats:
        """Pairs of the group's rows with rows of that label outside the background."""
        if self.same:
            return self._within()
        return self._pairs(own, self.sides.outside[1]) if label else self._pairs(self.sides.outside[0], own)

    def _level(self, label: int) -> Floats:
        """Rows outside the background below the group's rows of that label; among themselves half of all pairs."""
        own, outside = self.sides.own[label], self.sides.outside[label]
        return np.full(len(self.moved), len(own) ** 2 / 2) if self.same else self._pairs(outside, own)


def _spread_weights(sides: list[_Sides], measure: str) -> Floats:
    """(groups,) variances of the areas up to a common factor: 1/n + 1/m of the two sides compared."""

    def compared(side: _Sides) -> Split:
        own, other = side.own, side.other
        return {
            "auc": own,
            "bpsn_auc": (own[0], other[1]),
            "bnsp_auc": (other[0], own[1]),
            "negative_aeg": (other[0], own[0]),
            "positive_aeg": (other[1], own[1]),
        }[measure]

    return np.array([1 / len(a) + 1 / len(b) for a, b in map(compared, sides)])


def _largest(values: Floats, variances: Floats) -> Floats:
    first, second = np.triu_indices(values.shape[1], k=1)
    if not len(first):
        return np.zeros(len(values))
    gaps = np.abs(values[:, first] - values[:, second])
    largest: Floats = (gaps / np.sqrt(variances[first] + variances[second])).max(axis=1)
    return largest
