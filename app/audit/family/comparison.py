"""The declared family of tests over one membership: every measure, every group, and the spread over all groups.

`compare` is what a run calls. The order of its tests is that of the family, so two runs have the same content.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np
from scipy import special

from ..data.groups import Membership
from ..data.values import THIN, Bools, Floats, Interval, Ints, Reason, Rows
from ..measures.metrics import EMPTY, RANKINGS, Among, Kind, Metric, metric, stratum
from ..statistics.bootstrap import cluster_design
from ..statistics.exact import stratified_fisher
from ..statistics.intervals import agresti_caffo, welch
from ..statistics.permutation import GapTest, gap_test, permutations_for, sequential_block_p
from ..statistics.power import design_effect, detectable_gap, detectable_mean_gap, quantiles
from ..statistics.stratified import Strata, nested_interval, strata_of
from ..statistics.verdicts import EQUIVALENCE_LEVEL, all_equal
from .findings import Comparison, Design, Draft, Drafts, Family, Test, judged
from .ranking_comparison import ranking_tests
from .reference import compared_alike, left_out, mirrors, without

PLACES = 12  # of a row's value, so that what arithmetic leaves of equal values is no difference


def compare(rows: Rows, membership: Membership, family: Family) -> Comparison:
    """All tests of the family: values, intervals, p, q over the family, detectable gaps, verdicts.

    Rows without clusters are independent: Agresti-Caffo, Fisher, permutation of memberships. Clusters that hold several
    groups (crossed: templates) are strata: the gap within them, exact or permuted within. Clusters of one group each
    (nested: authors): whole clusters are permuted. A group whose own gap would move what others are compared with is
    left out of it.
    """
    design = _design(membership, rows.clusters)
    count = family.tests(len(membership) - len(mirrors(membership)))

    def drafts(name: str, never: frozenset[int]) -> Drafts:
        if name in RANKINGS:
            return ranking_tests(rows, membership, name, family=family, design=design, tests=count, never=never)
        return _drafts(_sample(rows, membership, metric(name), family, design, count), never=never)

    return _compared(rows, membership, family, design, family.metrics, drafts)


def compare_values(
    name: str, values: Floats, membership: Membership, family: Family, *, clusters: Ints | None = None
) -> Comparison:
    """The tests of `compare` for one number a row, such as the push of identity words or the comprehensiveness of an
    explanation: means, Welch or cluster-robust, permutation. Rows without the number (NaN) are left out. The
    family's measures are not made; its margin is in the unit of the numbers."""
    family = replace(family, metrics=())
    there = ~np.isnan(values)
    rows = Rows(values[there], None, clusters=None if clusters is None else clusters[there])
    members = replace(membership, inside=membership.inside[there], background=membership.background[there])
    design = _design(members, rows.clusters)
    count = family.tests(len(members) - len(mirrors(members)))
    measure = Metric(name, Kind.MEAN, Among.ALL, None, lambda given: given.scores, needs_labels=False)
    sample = _sample(rows, members, measure, family, design, count)
    return _compared(rows, members, family, design, (name,), lambda _, never: _drafts(sample, never=never))


def _design(membership: Membership, clusters: Ints | None) -> Design:
    return "independent" if clusters is None else cluster_design(membership.inside, membership.background, clusters)


def _compared(
    rows: Rows,
    membership: Membership,
    family: Family,
    design: Design,
    measures: tuple[str, ...],
    drafts: Callable[[str, frozenset[int]], Drafts],
) -> Comparison:
    """The tests of all measures, judged. A group that was left out and is not found in the end is put back."""
    never: dict[str, frozenset[int]] = {name: frozenset() for name in measures}
    made = {name: drafts(name, never[name]) for name in measures}
    while True:
        tests, bound = judged([draft for name in measures for draft in made[name].tests], family)
        left = {name: made[name].left_out for name in measures}
        found = {(test.metric, test.group) for test in tests if test.q is not None and test.q <= family.alpha}
        doubted = {
            name: frozenset(membership.names.index(group) for group in groups if (name, group) not in found)
            for name, groups in left.items()
        }
        if not any(doubted.values()):
            break
        for name in measures:
            if doubted[name]:
                never[name] |= doubted[name]
                made[name] = drafts(name, never[name])
    clusters = None if rows.clusters is None else len(np.unique(rows.clusters))
    return Comparison(design, clusters, tests, bound.level, bound.tested, bound.found, left)


@dataclass(frozen=True)
class _Sample:
    """The rows one measure looks at."""

    measure: Metric
    values: Floats
    membership: Membership
    clusters: Ints | None
    design: Design
    family: Family
    tests: int

    @property
    def rate(self) -> bool:
        return self.measure.kind is Kind.RATE

    def strata(self, membership: Membership) -> Strata:
        """Templates as strata, else one stratum; of clusters in one group each the clusters are its rows."""
        values, inside, background = self.values, membership.inside, membership.background
        if self.design == "nested" and self.clusters is not None:
            values, inside, background = _totals(values, inside, background, self.clusters)
        blocks = self.clusters if self.design == "crossed" else None
        return strata_of(
            values, inside, background, np.zeros(len(values), dtype=np.int64) if blocks is None else blocks
        )

    def standardised(self, membership: Membership) -> Floats:
        """(groups,): the gap in its standard error under the null; NaN where it is not tested."""
        strata = self.strata(membership)
        enough = np.minimum(membership.inside.sum(axis=0), membership.background.sum(axis=0)) >= self.family.minimum
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(enough & (strata.error > 0), strata.gap / strata.error, np.nan)

    def permuted(self, membership: Membership, rows: Bools, *, spread: bool) -> GapTest:
        """Memberships of these rows permuted, within the template or as whole clusters."""
        values, inside, background = self.values[rows], membership.inside[rows], membership.background[rows]
        blocks = None
        if self.clusters is not None and self.design == "crossed":
            blocks = self.clusters[rows]
        elif self.clusters is not None and self.design == "nested":
            values, inside, background = _totals(values, inside, background, self.clusters[rows])
        return gap_test(
            values, inside, background, blocks=blocks, permutations=permutations_for(self.tests),
            seed=self.family.seed, spread=spread,
        )  # fmt: skip

    def permuted_within(self, membership: Membership, g: int) -> float:
        """p of one group, its rows and those it is compared with changing places within templates."""
        inside = membership.inside[:, g]
        rows = inside | membership.background[:, g]
        assert self.clusters is not None
        blocks = np.unique(self.clusters[rows], return_inverse=True)[1]
        most = permutations_for(self.tests)
        return sequential_block_p(self.values[rows], inside[rows], blocks, most=most, seed=self.family.seed)

    def interval(self, inside: Bools, background: Bools, level: float) -> Interval | None:
        """The interval of the mean inside minus the mean in the background, for independent rows or clusters."""
        if self.clusters is not None:
            return nested_interval(self.values, inside, background, self.clusters, level, rate=self.rate)
        one, other = self.values[inside], self.values[background]
        if self.rate:
            return agresti_caffo(one.sum(), len(one), other.sum(), len(other), level=level)
        return welch(one, other, level=level)

    def detectable(self, inside: Bools, background: Bools) -> float | None:
        """The smallest gap that independent rows or clusters show."""
        both = inside | background
        inflation = design_effect(self.values[both], None if self.clusters is None else self.clusters[both])
        n, m, alpha = int(inside.sum()), int(background.sum()), self.family.alpha
        if self.rate:
            rate = float(self.values[both].mean())
            return detectable_gap(rate, n, m, tests=self.tests, alpha=alpha, inflation=inflation)
        variance = float(self.values[both].var())
        return detectable_mean_gap(variance, n, m, tests=self.tests, alpha=alpha, inflation=inflation)

    def detectable_within(self, strata: Strata) -> Floats:
        """(groups,): the smallest gap that templates show."""
        error = np.maximum(strata.error, strata.least_error) if self.rate else strata.error
        return quantiles(tests=self.tests, alpha=self.family.alpha) * error


def _totals(values: Floats, inside: Bools, background: Bools, clusters: Ints) -> tuple[Floats, Bools, Bools]:
    """Clusters in place of rows: how far the sum of each lies from what it would be at the mean, a row."""
    _, first, at = np.unique(clusters, return_index=True, return_inverse=True)
    typical = len(at) / max(len(first), 1)  # rows a cluster: totals become means, as far as clusters are of one size
    return (
        np.bincount(at, weights=values - values.sum() / max(len(at), 1)) / max(typical, 1),
        inside[first],
        background[first],
    )


def _sample(rows: Rows, membership: Membership, measure: Metric, family: Family, design: Design, tests: int) -> _Sample:
    looked = stratum(rows, measure.among)
    members = replace(membership, inside=membership.inside[looked], background=membership.background[looked])
    clusters = None
    if rows.clusters is not None and design != "independent":
        clusters = np.unique(rows.clusters[looked], return_inverse=True)[1].astype(np.int64)
    values = np.round(measure.value(rows)[looked], PLACES)
    return _Sample(measure, values, members, clusters, design, family, tests)


def _drafts(sample: _Sample, *, never: frozenset[int]) -> Drafts:
    family, whole = sample.family, sample.membership
    left = left_out(
        whole,
        sample.standardised,
        threshold=float(special.ndtri(1 - family.alpha / sample.tests / 2)),
        minimum=family.minimum,
        never=never,
    )
    membership, gone = without(whole, left, minimum=family.minimum)
    n, m = membership.inside.sum(axis=0), membership.background.sum(axis=0)
    enough = np.minimum(n, m) >= family.minimum
    strata = sample.strata(membership)
    p_values = _p_values(sample, membership, strata, np.flatnonzero(enough))
    same = mirrors(membership)
    drafts = []
    for g, name in enumerate(membership.names):
        empty = Test(sample.measure.name, name, int(n[g]), int(m[g]), left_out=gone[g])
        if not enough[g]:
            drafts.append(Draft(replace(empty, reason=EMPTY[sample.measure.among] if n[g] == 0 else Reason.TOO_FEW)))
            continue
        empty = replace(empty, mirror_of=membership.names[same[g]] if g in same else None)
        drafts.append(_group_draft(sample, membership, strata, g, empty, p_values.get(g)))
    if len(membership) > 1:
        drafts.append(Draft(_spread_test(sample)))
    return Drafts(tuple(drafts), tuple(whole.names[g] for g in left))


def _p_values(sample: _Sample, membership: Membership, strata: Strata, groups: Ints) -> dict[int, float]:
    """p of each group that can be tested. Exact for rates; other values change places within the template, or over the
    rows that a group and what it is compared with make up, for all groups of the same rows together."""
    if sample.rate and sample.design != "nested":
        counts = [np.rint(part).astype(np.int64) for part in (strata.own, strata.n, strata.other, strata.m)]
        return {int(g): stratified_fisher(*(part[:, g] for part in counts)) for g in groups if strata.shared[g]}
    able = [int(g) for g in groups if strata.shared[g]]
    if sample.design == "crossed":
        return {g: sample.permuted_within(membership, g) for g in able}
    found: dict[int, float] = {}
    for rows, chosen in compared_alike(membership, able):
        permuted = sample.permuted(membership.keep(chosen), rows, spread=False)
        found |= dict(zip(chosen, permuted.p_values, strict=True))
    return found


def _group_draft(
    sample: _Sample, membership: Membership, strata: Strata, g: int, empty: Test, p: float | None
) -> Draft:
    inside, background = membership.inside[:, g], membership.background[:, g]
    value, other = float(sample.values[inside].mean()), float(sample.values[background].mean())
    test = replace(empty, value=value, background_value=other, gap=value - other, p=p)
    if sample.design == "crossed":
        own = strata.pick(np.array([g]))
        shared = int(own.shared[0])
        test = replace(test, raw_gap=value - other, templates=shared)
        if p is None:
            return Draft(replace(test, gap=None, reason=Reason.NO_SHARED_TEMPLATE))
        test = replace(test, gap=float(own.gap[0]), detectable=float(sample.detectable_within(own)[0]))
        interval = partial(own.interval, 0, rate=sample.rate)
    else:
        test = replace(test, detectable=sample.detectable(inside, background))
        interval = partial(sample.interval, inside, background)
    reason = Reason.THIN if min(test.n, test.background_n) < THIN else None
    equivalence = interval(EQUIVALENCE_LEVEL)
    reason = reason if equivalence else Reason.TOO_FEW_CLUSTERS
    return Draft(replace(test, equivalence=equivalence, reason=reason), interval)


def _spread_test(sample: _Sample) -> Test:
    """The largest gap between two groups, over all rows: no group is left out of it."""
    whole, family, name = sample.membership, sample.family, sample.measure.name
    n, m = whole.inside.sum(axis=0), whole.background.sum(axis=0)
    members = whole.keep(np.flatnonzero(np.minimum(n, m) >= family.minimum).tolist())
    rows = int(members.inside.any(axis=1).sum())
    if len(members) < 2:
        return Test(name, None, rows, rows, reason=Reason.NO_GROUPS)
    permuted = sample.permuted(members, np.ones(len(sample.values), dtype=bool), spread=True)
    sizes = members.inside.sum(axis=0)
    levels = np.array(permuted.levels) if sample.design == "crossed" else (sample.values @ members.inside) / sizes
    detectable, equal = _pairs(sample, members, levels)
    single = len(members) == 2 and bool(mirrors(members))
    return Test(
        name,
        None,
        rows,
        rows,
        gap=float(np.ptp(levels)),
        p=permuted.spread_p,
        detectable=detectable,
        highest=members.names[int(levels.argmax())],
        lowest=members.names[int(levels.argmin())],
        chance=permuted.chance,
        pairs_equal=equal,
        mirror_of=members.names[0] if single else None,
    )


def _pairs(sample: _Sample, members: Membership, levels: Floats) -> tuple[float | None, bool]:
    """The smallest gap that every pair of groups shows, and whether every pair is shown equal."""
    close = bool(np.ptp(levels) < sample.family.margin)  # else some pair is not, and the intervals need not be made
    if sample.design == "crossed":
        first, second = np.triu_indices(len(members), k=1)
        pairs = sample.strata(members).pick(first, second)
        found = sample.detectable_within(pairs)
        within = partial(pairs.interval, level=EQUIVALENCE_LEVEL, rate=sample.rate)
        equal = close and all_equal((within(k) for k in range(len(first))), margin=sample.family.margin)
        return (None if np.isnan(found).all() else float(np.nanmax(found))), equal
    columns = combinations(members.inside.T, 2)
    sides = [(one, other) for one, other in columns if (one != other).any()]
    gaps = [gap for one, other in sides if (gap := sample.detectable(one, other)) is not None]
    intervals = (sample.interval(one, other, EQUIVALENCE_LEVEL) for one, other in sides)
    return max(gaps, default=None), close and all_equal(intervals, margin=sample.family.margin)
