"""Tests of the areas under ROC curves: each group's against its background's, and the spread of all."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from ..data.groups import Membership
from ..data.values import LEVEL, Bools, Floats, Interval, Ints, Reason, Rows
from ..measures.metrics import labelled, labels
from ..measures.rankings import ranking_gap_test
from ..statistics.auc import Area, area, area_gap_interval, area_interval, covariance, missing_interval
from ..statistics.permutation import GapTest
from ..statistics.power import quantiles
from ..statistics.verdicts import EQUIVALENCE_LEVEL, all_equal
from .findings import Design, Family, Test


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
    """One measure over the groups that have enough rows on every side it compares."""

    rows: Rows
    measure: str
    pairs: dict[int, _Pair]
    design: Design
    family: Family
    tests: int

    @property
    def clusters(self) -> Ints | None:
        return self.rows.clusters


def ranking_tests(rows: Rows, membership: Membership, measure: str, *, family: Family, design: Design) -> list[Test]:
    """The tests of one of the five measures of `bias_aucs`: every group, then the spread. Rows without a label are
    left out."""
    known = labelled(rows)
    rows, membership = rows.only(known), membership.rows(known)
    positive = labels(rows)
    pairs: dict[int, _Pair] = {}
    for g, name in enumerate(membership.names):
        own, reference = _compared(membership.inside[:, g], membership.background[:, g], positive, measure)
        sides = [side for compared in (own, reference) if compared for side in compared]
        if min(int(side.sum()) for side in sides) >= family.minimum:
            first, second = area(rows.scores, *own), area(rows.scores, *reference) if reference else None
            assert first is not None
            pairs[g] = _Pair(name, first, second)
    sample = _Sample(rows, measure, pairs, design, family, family.tests(len(membership)))
    permuted = _permuted(sample, membership.keep(list(pairs))) if pairs else None
    found = []
    for g, name in enumerate(membership.names):
        inside = membership.inside[:, g]
        n, m = int(inside.sum()), int(membership.background[:, g].sum())
        if g not in pairs or permuted is None:
            found.append(Test(measure, name, n, m, reason=_missing(inside, positive, measure)))
        else:
            found.append(_group_test(sample, pairs[g], (n, m), permuted.p_values[list(pairs).index(g)]))
    if len(membership) > 1:
        found.append(_spread_test(sample, int(membership.inside[:, list(pairs)].any(axis=1).sum()), permuted))
    return found


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


def _permuted(sample: _Sample, membership: Membership) -> GapTest:
    """By permutation; where clusters lie in one group as a whole, from the clustered standard errors instead."""
    if sample.design != "nested":
        blocks = sample.clusters if sample.design == "crossed" else None
        return ranking_gap_test(
            sample.rows, membership, sample.measure, blocks=blocks, tests=sample.tests, seed=sample.family.seed
        )
    pairs = list(sample.pairs.values())
    own = tuple(_normal_p(pair.gap, pair.error(sample.clusters)) for pair in pairs)
    between = [
        _normal_p(one.own.value - other.own.value, _error(one.own, other.own, sample.clusters))
        for one, other in combinations(pairs, 2)
    ]
    return GapTest(own, min(1.0, min(between) * len(between)) if between else None, None)


def _normal_p(gap: float, error: float) -> float:
    return float(2 * stats.norm.sf(abs(gap) / error)) if error > 0 else 1.0


def _group_test(sample: _Sample, pair: _Pair, sizes: tuple[int, int], p: float) -> Test:
    return Test(
        sample.measure,
        pair.name,
        *sizes,
        value=pair.value,
        background_value=pair.reference.value if pair.reference else None,
        gap=pair.gap,
        interval=pair.interval(sample.clusters, LEVEL),
        equivalence=pair.interval(sample.clusters, EQUIVALENCE_LEVEL),
        p=p,
        detectable=quantiles(tests=sample.tests, alpha=sample.family.alpha) * pair.error(sample.clusters) or None,
        reason=missing_interval(pair.own, sample.clusters),
    )


def _spread_test(sample: _Sample, n: int, permuted: GapTest | None) -> Test:
    pairs = list(sample.pairs.values())
    if permuted is None or permuted.spread_p is None:
        return Test(sample.measure, None, n, n, reason=Reason.NO_GROUPS)
    values: Floats = np.array([pair.value for pair in pairs])
    margin, clusters = sample.family.margin, sample.clusters
    errors = [_error(one.own, other.own, clusters) for one, other in combinations(pairs, 2)]
    intervals = [
        area_gap_interval(one.own, other.own, clusters=clusters, level=EQUIVALENCE_LEVEL)
        for one, other in combinations(pairs, 2)
    ]
    return Test(
        sample.measure,
        None,
        n,
        n,
        gap=float(np.ptp(values)),
        p=permuted.spread_p,
        detectable=quantiles(tests=sample.tests, alpha=sample.family.alpha) * max(errors) or None,
        highest=pairs[int(values.argmax())].name,
        lowest=pairs[int(values.argmin())].name,
        chance=permuted.chance,
        pairs_equal=all_equal(intervals, margin=margin),
    )
