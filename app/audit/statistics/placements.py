"""Differences of areas under ROC curves as differences of means, so that they can be taken within templates.

The area over two sides is the mean placement of one side's rows among the other's. A group and its background held
against the same rows therefore differ by the difference of two mean placements, which has a part within each template;
a template of one label holds no area of its own, but it holds placements. The rows that others are placed among are
taken as given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from ..data.values import CLUSTERS, Bools, Floats, Interval, Ints
from .permutation import NOTHING, sequential_block_p
from .stratified import Strata, strata_of


@dataclass(frozen=True)
class Term:
    """Placements (n,) of some rows, of the group's and of its background's."""

    placements: Floats
    own: Bools
    other: Bools


def terms_of(scores: Floats, inside: Bools, background: Bools, positive: Bools, measure: str) -> tuple[Term, ...]:
    """The terms whose differences add up to the gap in one of the five measures of `bias_aucs`. The area within a group
    differs from that within its background by its harmless rows, then by its rows of the class."""
    low, high = inside & ~positive, inside & positive
    other_low, other_high = background & ~positive, background & positive
    if measure.endswith("aeg"):
        own, other = (high, other_high) if measure == "positive_aeg" else (low, other_low)
        return (Term(_above(scores, own | other), own, other),)
    down = Term(1 - _above(scores, high if measure == "auc" else other_high), low, other_low)
    up = Term(_above(scores, other_low), high, other_high)
    return {"bpsn_auc": (down,), "bnsp_auc": (up,), "auc": (down, up)}[measure]


def _above(scores: Floats, among: Bools) -> Floats:
    """(n,): the share of the rows marked that each row lies above, equal ones counted half."""
    ordered = np.sort(scores[among])
    twice = np.searchsorted(ordered, scores, side="left") + np.searchsorted(ordered, scores, side="right")
    share: Floats = twice / (2 * max(len(ordered), 1))
    return share


@dataclass(frozen=True)
class PlacedGap:
    """The gap of a measure within templates."""

    terms: tuple[Term, ...]
    parts: tuple[Strata, ...]
    clusters: Ints

    @property
    def shared(self) -> int:
        """Templates that hold both sides of any part; 0 where a part has none."""
        used = [part.weight[:, 0] > 0 for part in self.parts]
        return int(np.logical_or.reduce(used).sum()) if all(each.any() for each in used) else 0

    @property
    def gap(self) -> float:
        return float(sum(part.gap[0] for part in self.parts))

    @property
    def error(self) -> float:
        """Standard deviation over permutations within label and template."""
        return float(sum(part.error[0] ** 2 for part in self.parts) ** 0.5)

    def interval(self, level: float) -> Interval | None:
        """Templates left out one at a time; None below 20 that hold both sides, and where nothing varies."""
        if self.shared < CLUSTERS:
            return None
        variance = float((np.sum([part.influence(0) for part in self.parts], axis=0) ** 2).sum())
        if variance <= NOTHING**2:
            return None
        half = float(special.stdtrit(self.shared - 1, (1 + level) / 2)) * variance**0.5
        return Interval(self.gap - half, self.gap + half, "placements within clusters, jackknife", level)

    def p(self, *, most: int, seed: int) -> float:
        """Two-sided, placements changing places within label and template."""
        rows = np.concatenate([np.flatnonzero(term.own | term.other) for term in self.terms])
        at = np.repeat(np.arange(len(self.terms)), [int((term.own | term.other).sum()) for term in self.terms])
        values = np.concatenate(
            [
                term.placements[term.own | term.other] / part.weight.sum()
                for term, part in zip(self.terms, self.parts, strict=True)
            ]
        )
        own = np.concatenate([term.own[term.own | term.other] for term in self.terms])
        blocks = np.unique(self.clusters[rows] * len(self.terms) + at, return_inverse=True)[1]
        return sequential_block_p(values, own, blocks, most=most, seed=seed)


def placed_gap(terms: tuple[Term, ...], clusters: Ints) -> PlacedGap:
    parts = tuple(strata_of(term.placements, term.own[:, None], term.other[:, None], clusters) for term in terms)
    return PlacedGap(terms, parts, clusters)
