"""Permutation tests of gaps: whole rows of the membership matrix change places, so overlaps between groups stay.

Moving memberships over fixed values is the same as moving values over fixed memberships, which is what happens here.
Rows change places only within their block: the label where the measure conditions on it (the caller passes only that
stratum), the template or document of a row. With blocks a gap is centred at what the blocks alone would make of it.
Gaps are studentised by their standard deviation under all permutations, which is known without drawing any.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from ..data.values import Bools, Floats, Ints, divided

BATCH = 2_000_000  # values held at once
LEAST = 1_000
EXCEEDANCES = 20  # Besag & Clifford 1991: a test that chance has beaten so often needs no more draws
FEW_EVENTS = 4  # for each pattern of membership: below it dealing them one by one is faster, up to eleven times
PLACES, NOTHING = 9, 1e-12  # of a standardised gap; a deviation so small beside the values is rounding
CLOSE = 1 - 1e-9  # gaps that differ by rounding alone count as equal

Draw = Callable[[int], tuple[Floats, Floats]]  # draws → sums inside and in the background, (draws, groups) each


@dataclass(frozen=True)
class Chance:
    """The largest gap that chance alone makes of these rows: its mean and its 95 % point. Never subtracted."""

    mean: float
    high: float


@dataclass(frozen=True)
class GapTest:
    p_values: tuple[float, ...]  # two-sided, each group against its background
    levels: tuple[float, ...]  # each group's mean; with blocks its effect beside them and the other groups, around 0
    spread_p: float | None  # of the largest studentised gap between two groups; None below two groups
    chance: Chance | None  # max − min of the levels when memberships are permuted


def permutations_for(tests: int) -> int:
    """Draws so that the smallest p can pass Benjamini-Hochberg among so many tests: at least 40 times their number."""
    return max(LEAST, 40 * tests)


def gap_test(
    values: Floats,
    inside: Bools,
    background: Bools,
    *,
    blocks: Ints | None = None,
    permutations: int = LEAST,
    seed: int = 0,
    spread: bool = True,
) -> GapTest:
    """Each group's mean against its background's and the spread of all groups' levels; every group must have rows.

    values (n,); inside, background (n, groups); blocks (n,). p = (1 + draws at least as far out) / (draws + 1).
    """
    size = float(np.abs(values).max(initial=0.0))
    to_levels = inside_blocks(inside, blocks) if blocks is not None else np.diag(1.0 / inside.sum(axis=0))
    of_levels = inside @ to_levels
    centred = blocks is not None
    blocks = np.zeros(len(values), dtype=np.int64) if blocks is None else np.unique(blocks, return_inverse=True)[1]
    sizes, other_sizes = inside.sum(axis=0), background.sum(axis=0)
    versus = inside / sizes - background / np.maximum(other_sizes, 1)
    centre, deviation = _moments(values, versus, blocks)
    ranged = _SpreadStatistic(values, of_levels, blocks) if spread and inside.shape[1] > 1 else None
    without_gaps = _moments(values, of_levels, blocks)[0] * centred
    draw = drawing(values, inside, background, blocks, rng=np.random.default_rng(seed))

    def standard(sums: Floats, other_sums: Floats) -> Floats:
        gaps = sums / sizes - other_sums / np.maximum(other_sizes, 1)
        return _rounded(divided(np.abs(gaps - centre), np.where(deviation > NOTHING * size, deviation, 0.0)))

    observed_sums = values @ inside, values @ background
    observed = standard(*(sums[None, :] for sums in observed_sums))[0]
    levels = observed_sums[0] @ to_levels
    furthest = ranged.largest(levels[None, :])[0] if ranged else 0.0
    beyond, beyond_spread, ranges = np.zeros(len(sizes), dtype=np.int64), 0, []
    batch = max(1, min(permutations, BATCH // max(1, len(values))))
    for start in range(0, permutations, batch):
        sums, other_sums = draw(min(batch, permutations - start))
        beyond += (standard(sums, other_sums) >= observed * CLOSE).sum(axis=0)
        if ranged:
            drawn = sums @ to_levels
            ranges.append(np.ptp(drawn - without_gaps, axis=1))
            beyond_spread += int((ranged.largest(drawn) >= furthest * CLOSE).sum())
    p_values = tuple(float(p) for p in (1 + beyond) / (permutations + 1))
    own = tuple(float(level) for level in levels - without_gaps)
    if not ranged:
        return GapTest(p_values, own, None, None)
    return GapTest(p_values, own, (1 + beyond_spread) / (permutations + 1), chance_of(ranges))


def inside_blocks(inside: Bools, blocks: Ints) -> Floats:
    """(groups, groups): what makes of the groups' sums their effects beside those of the blocks, by least squares, so
    that a group that met harder blocks, or rows of another group, does not answer for them."""
    at = np.unique(blocks, return_inverse=True)[1]
    held = sparse.csr_array((np.ones(len(at)), (at, np.arange(len(at))))) @ inside.astype(np.float64)
    both = inside.T.astype(np.float64) @ inside
    found: Floats = np.linalg.pinv(both - held.T @ (held / np.bincount(at)[:, None]), rcond=1e-9, hermitian=True)
    return found


def _rounded(standardised: Floats) -> Floats:
    """Gaps in their deviation; what sums leave of a gap of 0 is 0, and so is a gap that nothing could move."""
    return np.asarray(np.round(np.nan_to_num(standardised), PLACES), dtype=np.float64)


def chance_of(ranges: list[Floats]) -> Chance:
    drawn = np.concatenate(ranges)
    return Chance(float(drawn.mean()), float(np.quantile(drawn, 0.95)))


def _moments(values: Floats, weights: Floats, blocks: Ints) -> tuple[Floats, Floats]:
    """Mean and standard deviation of values @ weights over all permutations within blocks, exactly."""
    centre, covariance = _moment_matrices(values, weights, blocks)
    return centre, np.sqrt(np.maximum(np.diagonal(covariance), 0.0))


def _moment_matrices(values: Floats, weights: Floats, blocks: Ints) -> tuple[Floats, Floats]:
    sizes = np.bincount(blocks).astype(np.float64)
    means = np.bincount(blocks, weights=values) / sizes
    squares = np.bincount(blocks, weights=(values - means[blocks]) ** 2)
    variances = np.where(sizes > 1, squares / np.maximum(sizes - 1, 1), 0.0)
    totals = np.zeros((len(sizes), weights.shape[1]))
    np.add.at(totals, blocks, weights)
    spread: Floats = (weights * variances[blocks, None]).T @ weights
    spread = spread - (totals * (variances / sizes)[:, None]).T @ totals
    return means @ totals, spread


class _SpreadStatistic:
    """The largest studentised difference between the means of two groups (the idea of Tukey and Kramer's range)."""

    def __init__(self, values: Floats, within: Floats, blocks: Ints) -> None:
        centre, covariance = _moment_matrices(values, within, blocks)
        first, second = np.triu_indices(within.shape[1], k=1)
        diagonal = np.diagonal(covariance)
        variances = diagonal[first] + diagonal[second] - 2 * covariance[first, second]
        differ = variances > 1e-12 * max(float(diagonal.max()), 1e-300)  # two names for the same rows never differ
        self.first, self.second = first[differ], second[differ]
        self.centre = centre[self.first] - centre[self.second]
        self.deviation = np.sqrt(variances[differ])

    def largest(self, means: Floats) -> Floats:
        """(draws,) from means (draws, groups)."""
        if not len(self.first):
            return np.zeros(len(means))
        gaps = means[:, self.first] - means[:, self.second] - self.centre
        return _rounded((np.abs(gaps) / self.deviation).max(axis=1))


def drawing(values: Floats, inside: Bools, background: Bools, blocks: Ints, *, rng: np.random.Generator) -> Draw:
    """How to draw permuted sums: events are dealt to patterns of membership by the hypergeometric law; numbers move."""
    binary = bool(np.isin(values, (0.0, 1.0)).all())
    packed = np.packbits(np.concatenate([inside, background], axis=1), axis=1)
    _, first, patterns = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    if binary and len(first) * 4 <= max(len(values), 64):
        return _Dealing(values, patterns.ravel(), blocks, (inside[first], background[first]), rng)
    return _Moving(values, inside, background, blocks, rng)


class _Dealing:
    """For values of 0 and 1: the events of a block fall on patterns of membership as balls drawn from an urn."""

    def __init__(
        self,
        values: Floats,
        patterns: Ints,
        blocks: Ints,
        members: tuple[Bools, Bools],
        rng: np.random.Generator,
    ) -> None:
        self.members = tuple(member.astype(np.float64) for member in members)
        self.rng = rng
        width = len(members[0])
        cells = np.bincount(blocks * width + patterns, minlength=(blocks.max() + 1) * width).reshape(-1, width)
        events = np.bincount(blocks, weights=values).astype(np.int64)
        full = events == cells.sum(axis=1)
        self.fixed = cells[full].sum(axis=0).astype(np.float64)
        mixed = (events > 0) & ~full
        self.urns = [(row[row > 0], np.flatnonzero(row), k) for row, k in zip(cells[mixed], events[mixed], strict=True)]

    def __call__(self, draws: int) -> tuple[Floats, Floats]:
        dealt = np.tile(self.fixed, (draws, 1))
        for counts, at, events in self.urns:
            few = min(events, counts.sum() - events) < FEW_EVENTS * len(counts)  # numpy then deals them one by one
            method: Literal["count", "marginals"] = "count" if few else "marginals"
            dealt[:, at] += self.rng.multivariate_hypergeometric(counts, events, size=draws, method=method)
        return dealt @ self.members[0], dealt @ self.members[1]


class _Moving:
    """For any values: they are shuffled within their block."""

    def __init__(
        self, values: Floats, inside: Bools, background: Bools, blocks: Ints, rng: np.random.Generator
    ) -> None:
        order = np.argsort(blocks, kind="stable")
        self.values, self.rng = values[order], rng
        self.inside, self.background = inside[order].astype(np.float64), background[order].astype(np.float64)
        edges = np.flatnonzero(np.diff(blocks[order], prepend=-1))
        self.spans = list(zip(edges, [*edges[1:], len(values)], strict=True))

    def __call__(self, draws: int) -> tuple[Floats, Floats]:
        moved = np.tile(self.values, (draws, 1))
        for start, stop in self.spans:
            if stop - start > 1:
                moved[:, start:stop] = self.rng.permuted(moved[:, start:stop], axis=1)
        return moved @ self.inside, moved @ self.background


def sequential_p(
    observed: Floats,
    draw: Callable[[int, Bools], Floats],
    *,
    most: int,
    batch: int,
    stop: int = EXCEEDANCES,
    least: int = 0,
) -> Floats:
    """p of each statistic by Besag & Clifford 1991: h / draws at the h-th draw as large, else (1 + count) / (most + 1).

    `draw(k, wanted)` gives (k, tests) statistics under chance, the larger the further out; what it says of tests that
    are not wanted any more is not read. Draws go on until every test has stopped, or `most` are made; at least `least`.
    """
    p_values = np.full(len(observed), np.nan)
    counts, made = np.zeros(len(observed), dtype=np.int64), 0
    while made < most and (made < least or np.isnan(p_values).any()):
        size, wanted = min(batch, most - made), np.isnan(p_values)
        running = counts + np.cumsum(draw(size, wanted) >= observed * CLOSE, axis=0)  # (size, tests)
        reached = running >= stop
        done = reached.any(axis=0) & wanted
        p_values[done] = stop / (made + 1 + reached[:, done].argmax(axis=0))
        counts, made = running[-1], made + size
    return np.where(np.isnan(p_values), (1 + counts) / (made + 1), p_values)


def sequential_block_p(values: Floats, inside: Bools, blocks: Ints, *, most: int, seed: int) -> float:
    """Two-sided p of the sum of the values inside (n,) when they change places within blocks, by Besag & Clifford."""
    centre, deviation = (float(each[0]) for each in _moments(values, inside[:, None].astype(np.float64), blocks))
    if deviation <= NOTHING * np.abs(values).max(initial=0.0):
        return 1.0
    draw = _block_sums(values, inside, blocks, np.random.default_rng(seed))

    def standard(sums: Floats) -> Floats:
        return _rounded(np.abs(sums - centre) / deviation)

    observed = standard(values[inside].sum(keepdims=True))
    batch = max(1, min(200, BATCH // len(values)))
    return float(sequential_p(observed, lambda size, _: standard(draw(size))[:, None], most=most, batch=batch)[0])


def _block_sums(values: Floats, inside: Bools, blocks: Ints, rng: np.random.Generator) -> Callable[[int], Floats]:
    """Draws → their sums inside. Of a block with one row inside, as templates have, that row alone is drawn."""
    held = np.bincount(blocks, weights=inside)
    single = held[blocks] == 1
    order = np.flatnonzero(single)[np.argsort(blocks[single], kind="stable")]
    first = np.flatnonzero(np.diff(blocks[order], prepend=-1))
    sizes = np.diff([*first, len(order)])
    column = inside[~single, None]
    move = _Moving(values[~single], column, column, blocks[~single], rng) if len(column) else None

    def draw(size: int) -> Floats:
        chosen = first + (rng.random((size, len(first))) * sizes).astype(np.int64)
        sums: Floats = values[order][chosen].sum(axis=1)
        return sums if move is None else sums + move(size)[0][:, 0]

    return draw
