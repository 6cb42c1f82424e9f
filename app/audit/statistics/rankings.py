"""Permutation tests of areas under ROC curves: memberships change places among rows of the same label (and block)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..groups import Membership
from ..metrics import labels
from ..ranking import pair_counts
from ..values import Bools, Floats, Ints, Rows
from .permutation import BATCH, GapTest, chance_of, permutations_for, sequential_p

LEAST = 199  # draws that are made in any case: they also say what chance makes of the spread


@dataclass(frozen=True)
class _Sides:
    """Row numbers of one group and its background, by label."""

    own: tuple[Ints, Ints]  # negatives, positives
    other: tuple[Ints, Ints]


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
        _Sides(_split(inside, positive), _split(outside, positive))
        for inside, outside in zip(membership.inside.T, membership.background.T, strict=True)
    ]
    weights = _spread_weights(sides, measure)
    mover = _Mover(ranks, positive, blocks, np.random.default_rng(seed))
    ranges: list[Floats] = []

    def statistics(moved: Ints) -> tuple[Floats, Floats, Floats]:
        values, gaps = _values(moved, sides, measure)
        return values, np.abs(gaps), _largest(values, weights)

    def draw(size: int) -> Floats:
        values, gaps, largest = statistics(mover(size))
        ranges.append(np.ptp(values, axis=1))
        return np.concatenate([gaps, largest[:, None]], axis=1)

    _, gaps, largest = statistics(ranks[None, :])
    observed = np.concatenate([gaps[0], largest])
    batch = max(1, min(200, BATCH // len(rows)))
    p_values = sequential_p(observed, draw, most=permutations_for(tests), batch=batch, least=LEAST)
    own = tuple(float(p) for p in p_values[:-1])
    if len(sides) < 2:
        return GapTest(own, None, None)
    return GapTest(own, float(p_values[-1]), chance_of(ranges))


def _split(member: Bools, positive: Bools) -> tuple[Ints, Ints]:
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


def _values(moved: Ints, sides: list[_Sides], measure: str) -> tuple[Floats, Floats]:
    """Values and gaps (draws, groups) of the measure with the ranks in these places."""
    top = int(moved.max()) + 1
    values, gaps = np.zeros((2, len(moved), len(sides)))
    for g, side in enumerate(sides):
        first, second = _compared(side, measure)
        values[:, g] = _area(moved, first, second, top)
        centre = 0.5 if measure.endswith("aeg") else _area(moved, *side.other, top)
        gaps[:, g] = values[:, g] - centre
    return (values - 0.5 if measure.endswith("aeg") else values), gaps


def _compared(side: _Sides, measure: str) -> tuple[Ints, Ints]:
    return {
        "auc": side.own,
        "bpsn_auc": (side.own[0], side.other[1]),
        "bnsp_auc": (side.other[0], side.own[1]),
        "negative_aeg": (side.other[0], side.own[0]),
        "positive_aeg": (side.other[1], side.own[1]),
    }[measure]


def _area(moved: Ints, lower: Ints, upper: Ints, top: int) -> Floats:
    """(draws,) areas; sorting the larger side is avoided by counting from the smaller one."""
    pairs = len(lower) * len(upper)
    if len(lower) <= len(upper):
        return pair_counts(moved[:, lower], moved[:, upper], top) / pairs
    return 1 - pair_counts(moved[:, upper], moved[:, lower], top) / pairs


def _spread_weights(sides: list[_Sides], measure: str) -> Floats:
    """(groups,) variances of the areas up to a common factor: 1/n + 1/m of the two sides compared."""
    return np.array([1 / len(a) + 1 / len(b) for a, b in (_compared(side, measure) for side in sides)])


def _largest(values: Floats, variances: Floats) -> Floats:
    first, second = np.triu_indices(values.shape[1], k=1)
    if not len(first):
        return np.zeros(len(values))
    largest: Floats = (
        np.abs(values[:, first] - values[:, second]) / np.sqrt(variances[first] + variances[second])
    ).max(axis=1)
    return largest
