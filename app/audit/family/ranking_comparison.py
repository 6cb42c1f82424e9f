"""Tests of the areas under ROC curves: each group's against its background's, and the spread of all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from scipy import special, stats

from ..data.groups import Membership
from ..data.values import CLUSTERS, THIN, Bools, Floats, Interval, Ints, Reason, Rows
from ..measures.metrics import labelled, labels
from ..measures.rankings import ranking_gap_test
from ..statistics.auc import Area, area, area_gap_interval, area_interval, covariance, missing_interval
from ..statistics.permutation import GapTest, permutations_for
from ..statistics.placements import PlacedGap, placed_gap, terms_of
from ..statistics.power import quantiles
from ..statistics.verdicts import EQUIVALENCE_LEVEL, all_equal
from .findings import Design, Draft, Drafts, Family, Test
from .reference import compared_alike, left_out, mirrors, without


@dataclass(frozen=True)
class _Pair:
    """The area of a group and the area it is held against; None for an average equality gap, held against ½."""

    name: str
    own: Area
    reference: Area | None

    @property
    def value(self) -> float:
        return self.own.value if self.reference else self.own.value - 0.5

    @property
    def gap(self) -> float:
        return self.own.value - self.reference.value if self.reference else self.value

    def interval(self, clusters: Ints | None, level: float) -> Interval | None:
        if self.reference:
            return area_gap_interval(self.own, self.reference, clusters=clusters, level=level)
        found = area_interval(self.own, clusters=clusters, level=level)
        return found and Interval(found.low - 0.5, found.high - 0.5, found.method, level, found.note)

    def error(self, clusters: Ints | None) -> float:
        return _error(self.own, self.reference, clusters)


def _error(one: Area, other: Area | None, clusters: Ints | None) -> float:
    """Standard error of the difference of two areas, of one area where the other is None."""
    variance = one.variance(clusters)
    if other is not None:
        variance += other.variance(clusters) - 2 * covariance(one, other, clusters)
    return float(max(variance, 0.0) ** 0.5)


@dataclass(frozen=True)
class _Sample:
    rows: Rows
    measure: str
    design: Design
    family: Family
    tests: int

    @property
    def clusters(self) -> Ints | None:
        return self.rows.clusters

    def pairs(self, membership: Membership) -> dict[int, _Pair]:
        """The groups that have enough rows on every side that is compared."""
        positive = labels(self.rows)
        found: dict[int, _Pair] = {}
        for g, name in enumerate(membership.names):
            own, reference = _compared(membership.inside[:, g], membership.background[:, g], positive, self.measure)
            sides = [side for compared in (own, reference) if compared for side in compared]
            if min(int(side.sum()) for side in sides) >= self.family.minimum:
                first, second = area(self.rows.scores, *own), area(self.rows.scores, *reference) if reference else None
                assert first is not None
                found[g] = _Pair(name, first, second)
        return found

    def placed(self, membership: Membership, g: int) -> PlacedGap:
        """The gap of a group within templates."""
        assert self.clusters is not None
        inside, background = membership.inside[:, g], membership.background[:, g]
        terms = terms_of(self.rows.scores, inside, background, labels(self.rows), self.measure)
        return placed_gap(terms, self.clusters)

    def standardised(self, membership: Membership) -> Floats:
        """(groups,): the gap in its standard error; NaN where it is not tested."""
        found = np.full(len(membership), np.nan)
        for g, pair in self.pairs(membership).items():
            gap, error = pair.gap, pair.error(self.clusters)
            if self.design == "crossed":
                placed = self.placed(membership, g)
                gap, error = placed.gap, placed.error
            found[g] = gap / error if error > 0 else np.nan
        return found

    def detectable(self, error: float) -> float | None:
        return quantiles(tests=self.tests, alpha=self.family.alpha) * error if error > 0 else None

    def permuted(self, membership: Membership, groups: list[int], rows: Bools) -> GapTest:
        """Permutation test of chosen groups over some of the rows."""
        members = membership.keep(groups)
        return ranking_gap_test(
            Rows(self.rows.scores[rows], labels(self.rows)[rows]),
            replace(members, inside=members.inside[rows], background=members.background[rows]),
            self.measure,
            blocks=self.clusters[rows] if self.design == "crossed" and self.clusters is not None else None,
            tests=self.tests,
            seed=self.family.seed,
        )


def ranking_tests(
    rows: Rows,
    membership: Membership,
    measure: str,
    *,
    family: Family,
    design: Design,
    tests: int,
    never: Collection[int] = (),
) -> Drafts:
    """The tests of one of the five measures of `bias_aucs`: every group, then the spread. Rows without a label are
    left out."""
    known = labelled(rows)
    rows, membership = rows.only(known), membership.rows(known)
    sample = _Sample(rows, measure, design, family, tests)
    threshold = float(special.ndtri(1 - family.alpha / tests / 2))
    left = left_out(membership, sample.standardised, threshold=threshold, minimum=family.minimum, never=never)
    members, gone = without(membership, left, minimum=family.minimum)
    pairs, positive, same = sample.pairs(members), labels(rows), mirrors(members)
    p_values = {} if design == "crossed" else _p_values(sample, members, pairs)
    drafts = []
    for g, name in enumerate(members.names):
        inside = members.inside[:, g]
        empty = Test(measure, name, int(inside.sum()), int(members.background[:, g].sum()), left_out=gone[g])
        if g not in pairs:
            drafts.append(Draft(replace(empty, reason=_missing(inside, positive, measure))))
            continue
        empty = replace(empty, mirror_of=members.names[same[g]] if g in same else None)
        if design == "crossed":
            drafts.append(_placed_draft(sample, pairs[g], sample.placed(members, g), empty))
        else:
            drafts.append(_group_draft(sample, pairs[g], empty, p_values[g]))
    if len(membership) > 1:
        drafts.append(Draft(_spread_test(sample, membership)))
    return Drafts(tuple(drafts), tuple(membership.names[g] for g in left))


def _compared(
    inside: Bools, outside: Bools, positive: Bools, measure: str
) -> tuple[tuple[Bools, Bools], tuple[Bools, Bools] | None]:
    """Rows that should be low and rows that should be high, for the group and for what it is held against."""
    own, other = (inside & ~positive, inside & positive), (outside & ~positive, outside & positive)
    return {
        "auc": (own, other),
        "bpsn_auc": ((own[0], other[1]), other),
        "bnsp_auc": ((other[0], own[1]), other),
        "negative_aeg": ((other[0], own[0]), None),
        "positive_aeg": ((other[1], own[1]), None),
    }[measure]


def _missing(inside: Bools, positive: Bools, measure: str) -> Reason:
    negatives, positives = int((inside & ~positive).sum()), int((inside & positive).sum())
    if not negatives and measure in ("auc", "bpsn_auc", "negative_aeg"):
        return Reason.NO_NEGATIVES
    if not positives and measure in ("auc", "bnsp_auc", "positive_aeg"):
        return Reason.NO_POSITIVES
    return Reason.TOO_FEW


def _p_values(sample: _Sample, membership: Membership, pairs: dict[int, _Pair]) -> dict[int, float]:
    """By permutation; where clusters lie in one group as a whole, from the clustered standard errors instead."""
    if sample.design == "nested":
        return {g: _normal_p(pair.gap, pair.error(sample.clusters)) for g, pair in pairs.items()}
    found: dict[int, float] = {}
    for rows, groups in compared_alike(membership, list(pairs)):
        found |= dict(zip(groups, sample.permuted(membership, groups, rows).p_values, strict=True))
    return found


def _normal_p(gap: float, error: float) -> float:
    return float(2 * stats.norm.sf(abs(gap) / error)) if error > 0 else 1.0


def _group_draft(sample: _Sample, pair: _Pair, empty: Test, p: float) -> Draft:
    interval = partial(pair.interval, sample.clusters)
    test = replace(
        empty,
        value=pair.value,
        background_value=pair.reference.value if pair.reference else None,
        gap=pair.gap,
        equivalence=interval(EQUIVALENCE_LEVEL),
        p=p,
        detectable=sample.detectable(pair.error(sample.clusters)),
        reason=missing_interval(pair.own, sample.clusters),
    )
    return Draft(test, interval)


def _placed_draft(sample: _Sample, pair: _Pair, placed: PlacedGap, empty: Test) -> Draft:
    test = replace(
        empty,
        value=pair.value,
        background_value=pair.reference.value if pair.reference else None,
        raw_gap=pair.gap,
        templates=placed.shared,
    )
    if not placed.shared:
        return Draft(replace(test, reason=Reason.NO_SHARED_TEMPLATE))
    equivalence = placed.interval(EQUIVALENCE_LEVEL)
    test = replace(
        test,
        gap=placed.gap,
        equivalence=equivalence,
        p=placed.p(most=permutations_for(sample.tests), seed=sample.family.seed),
        detectable=sample.detectable(placed.error),
        reason=_reason(pair, placed, equivalence),
    )
    return Draft(test, placed.interval)


def _reason(pair: _Pair, placed: PlacedGap, interval: Interval | None) -> Reason | None:
    if interval is None:
        return Reason.TOO_FEW_CLUSTERS if placed.shared < CLUSTERS else Reason.NO_VARIATION
    return Reason.THIN if min(pair.own.negatives, pair.own.positives) < THIN else None


def _spread_test(sample: _Sample, membership: Membership) -> Test:
    """The largest difference between two groups, over all rows: no group is left out of it."""
    able = sample.pairs(membership)
    pairs = list(able.values())
    n = int(membership.inside[:, list(able)].any(axis=1).sum())
    if len(pairs) < 2:
        return Test(sample.measure, None, n, n, reason=Reason.NO_GROUPS)
    values: Floats = np.array([pair.value for pair in pairs])
    margin, clusters = sample.family.margin, sample.clusters
    errors = [_error(one.own, other.own, clusters) for one, other in combinations(pairs, 2)]
    if sample.design == "nested":
        between = [
            _normal_p(one.own.value - other.own.value, error)
            for (one, other), error in zip(combinations(pairs, 2), errors, strict=True)
        ]
        p, chance = min(1.0, min(between) * len(between)), None
    else:
        permuted = sample.permuted(membership, list(able), np.ones(len(sample.rows), dtype=bool))
        p, chance = permuted.spread_p or 1.0, permuted.chance
    intervals = (
        area_gap_interval(one.own, other.own, clusters=clusters, level=EQUIVALENCE_LEVEL)
        for one, other in combinations(pairs, 2)
    )
    single = len(pairs) == 2 and bool(mirrors(membership.keep(list(able))))
    return Test(
        sample.measure,
        None,
        n,
        n,
        gap=float(np.ptp(values)),
        p=p,
        detectable=sample.detectable(max(errors)),
        highest=pairs[int(values.argmax())].name,
        lowest=pairs[int(values.argmin())].name,
        chance=chance,
        pairs_equal=all_equal(intervals, margin=margin),
        mirror_of=pairs[0].name if single else None,
    )
