"""The declared family of tests over one membership: every measure, every group, and the spread over all groups.

`compare` is what a run calls. The order of its tests is that of the family, so two runs have the same content.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from ..data.groups import Membership
from ..data.values import LEVEL, THIN, Bools, Floats, Interval, Ints, Reason, Rows
from ..measures.metrics import EMPTY, RANKINGS, Among, Kind, Metric, metric, stratum
from ..statistics.bootstrap import cluster_design, cluster_gap_intervals
from ..statistics.exact import fisher
from ..statistics.intervals import agresti_caffo, welch
from ..statistics.permutation import GapTest, gap_test, permutations_for
from ..statistics.power import design_effect, detectable_gap, detectable_mean_gap
from ..statistics.verdicts import EQUIVALENCE_LEVEL, all_equal
from .findings import Comparison, Design, Family, Test, judged
from .ranking_comparison import ranking_tests


def compare(rows: Rows, membership: Membership, family: Family) -> Comparison:
    """All tests of the family: values, intervals, p, q over the family, detectable gaps, verdicts.

    Rows without clusters are independent: Agresti-Caffo, Fisher, permutation of memberships. Clustered rows: cluster
    bootstrap and permutation within the cluster (crossed), or of whole clusters (nested: a cluster is of one group).
    """
    design: Design = "independent"
    if rows.clusters is not None:
        design = cluster_design(membership.inside, membership.background, rows.clusters)
    found: list[Test] = []
    for name in family.metrics:
        if name in RANKINGS:
            found += ranking_tests(rows, membership, name, family=family, design=design)
        else:
            found += _tests(rows, membership, metric(name), family=family, design=design)
    clusters = None if rows.clusters is None else len(np.unique(rows.clusters))
    return Comparison(design, clusters, judged(found, family))


def compare_values(
    name: str, values: Floats, membership: Membership, family: Family, *, clusters: Ints | None = None
) -> Comparison:
    """The same tests for one number a row, such as the push of identity words or the comprehensiveness of an
    explanation: means, Welch or cluster bootstrap, permutation. Rows without the number (NaN) are left out. The
    family's measures are not made; its margin is in the unit of the numbers."""
    family = replace(family, metrics=())
    there = ~np.isnan(values)
    rows = Rows(values[there], None, clusters=None if clusters is None else clusters[there])
    members = Membership(membership.names, membership.axes, membership.inside[there], membership.background[there])
    design: Design = "independent"
    if rows.clusters is not None:
        design = cluster_design(members.inside, members.background, rows.clusters)
    measure = Metric(name, Kind.MEAN, Among.ALL, None, lambda given: given.scores, needs_labels=False)
    tests = _tests(rows, members, measure, family=family, design=design)
    return Comparison(design, None if rows.clusters is None else len(np.unique(rows.clusters)), judged(tests, family))


@dataclass(frozen=True)
class _Sample:
    """The rows one measure looks at, and the groups that have enough of them."""

    measure: Metric
    values: Floats
    inside: Bools
    background: Bools
    clusters: Ints | None
    design: Design
    family: Family
    tests: int

    def intervals(self, inside: Bools, background: Bools, *levels: float) -> tuple[Interval | None, ...]:
        """Of the mean inside minus the mean in the background, one for each level."""
        if self.clusters is not None and self.design != "independent":
            return cluster_gap_intervals(
                self.values,
                inside,
                background,
                self.clusters,
                design=self.design,
                seed=self.family.seed,
                resamples=self.family.resamples,
                levels=levels,
            )
        one, other = self.values[inside], self.values[background]
        if self.measure.kind is Kind.RATE:
            counts = one.sum(), len(one), other.sum(), len(other)
            return tuple(agresti_caffo(*counts, level=level) for level in levels)
        return tuple(welch(one, other, level=level) for level in levels)

    def detectable(self, inside: Bools, background: Bools) -> float | None:
        both = inside | background
        clusters = None if self.clusters is None else self.clusters[both]
        inflation = design_effect(self.values[both], clusters, inside[both])
        n, m, alpha = int(inside.sum()), int(background.sum()), self.family.alpha
        if self.measure.kind is Kind.RATE:
            rate = float(self.values[both].mean())
            return detectable_gap(rate, n, m, tests=self.tests, alpha=alpha, inflation=inflation)
        variance = float(self.values[both].var())
        return detectable_mean_gap(variance, n, m, tests=self.tests, alpha=alpha, inflation=inflation)


def _tests(rows: Rows, membership: Membership, measure: Metric, *, family: Family, design: Design) -> list[Test]:
    looked = stratum(rows, measure.among)
    inside, background = membership.inside[looked], membership.background[looked]
    n, m = inside.sum(axis=0), background.sum(axis=0)
    enough = np.flatnonzero(np.minimum(n, m) >= family.minimum)
    sample = _Sample(
        measure,
        measure.value(rows)[looked],
        inside[:, enough],
        background[:, enough],
        None if rows.clusters is None else rows.clusters[looked],
        design,
        family,
        family.tests(len(membership)),
    )
    permuted = _permuted(sample) if len(enough) else None
    found = []
    for g, name in enumerate(membership.names):
        at = np.flatnonzero(enough == g)
        if permuted is None or not len(at):
            reason = EMPTY[measure.among] if n[g] == 0 else Reason.TOO_FEW
            found.append(Test(measure.name, name, int(n[g]), int(m[g]), reason=reason))
        else:
            found.append(_group_test(sample, int(at[0]), name, permuted.p_values[at[0]]))
    if len(membership) > 1:
        found.append(_spread_test(sample, [membership.names[g] for g in enough], permuted))
    return found


def _permuted(sample: _Sample) -> GapTest:
    values, inside, background, blocks = sample.values, sample.inside, sample.background, None
    if sample.design == "crossed":
        blocks = sample.clusters
    elif sample.design == "nested" and sample.clusters is not None:
        _, first, at = np.unique(sample.clusters, return_index=True, return_inverse=True)
        typical = len(at) / len(first)  # rows a cluster: totals become means, as far as clusters are of one size
        values = np.bincount(at, weights=values - values.mean()) / typical
        inside, background = inside[first], background[first]
    permutations = permutations_for(sample.tests)
    return gap_test(values, inside, background, blocks=blocks, permutations=permutations, seed=sample.family.seed)


def _group_test(sample: _Sample, g: int, name: str, p: float) -> Test:
    inside, background = sample.inside[:, g], sample.background[:, g]
    one, other = sample.values[inside], sample.values[background]
    if sample.design == "independent" and sample.measure.kind is Kind.RATE:
        p = fisher(int(one.sum()), len(one), int(other.sum()), len(other))
    interval, equivalence = sample.intervals(inside, background, LEVEL, EQUIVALENCE_LEVEL)
    reason = Reason.THIN if min(len(one), len(other)) < THIN else None
    return Test(
        sample.measure.name,
        name,
        len(one),
        len(other),
        value=float(one.mean()),
        background_value=float(other.mean()),
        gap=float(one.mean() - other.mean()),
        interval=interval,
        equivalence=equivalence,
        p=p,
        detectable=sample.detectable(inside, background),
        reason=reason if interval else Reason.TOO_FEW_CLUSTERS,
    )


def _spread_test(sample: _Sample, names: list[str], permuted: GapTest | None) -> Test:
    sizes = sample.inside.sum(axis=0)
    n = int(sample.inside.any(axis=1).sum())
    if permuted is None or permuted.spread_p is None:
        return Test(sample.measure.name, None, n, n, reason=Reason.NO_GROUPS)
    means = (sample.values @ sample.inside) / sizes
    columns = [sample.inside[:, g] for g in range(len(names))]
    pairs = [(one, other) for one, other in combinations(columns, 2) if (one != other).any()]
    margin = sample.family.margin
    close = np.ptp(means) < margin  # else some pair is not shown equal, and the intervals need not be made
    detectable = [sample.detectable(one, other) for one, other in pairs]
    return Test(
        sample.measure.name,
        None,
        n,
        n,
        gap=float(np.ptp(means)),
        p=permuted.spread_p,
        detectable=max((gap for gap in detectable if gap is not None), default=None),
        highest=names[int(means.argmax())],
        lowest=names[int(means.argmin())],
        chance=permuted.chance,
        pairs_equal=bool(close)
        and all_equal([sample.intervals(one, other, EQUIVALENCE_LEVEL)[0] for one, other in pairs], margin=margin),
    )
