"""A family of tests as declared before a run (`Family`), the result of one (`Test`) and of all (`Comparison`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..data.values import FEW, LEVEL, Interval, Reason
from ..measures.metrics import METRICS, RANKINGS
from ..statistics.agreement import Bound, agreeing, bound_of
from ..statistics.bootstrap import RESAMPLES
from ..statistics.multiplicity import Correction, family_size, q_values
from ..statistics.permutation import Chance
from ..statistics.verdicts import Verdict, verdict

Design = Literal["independent", "crossed", "nested"]


@dataclass(frozen=True)
class Family:
    """The tests that are made, declared before anything is predicted."""

    metrics: tuple[str, ...]
    margin: float = 0.05  # a gap that matters
    alpha: float = 0.05
    correction: Correction = "bh"
    minimum: int = FEW  # rows below which a figure is suppressed
    seed: int = 0
    resamples: int = RESAMPLES

    def __post_init__(self) -> None:
        unknown = [name for name in self.metrics if name not in METRICS and name not in RANKINGS]
        if unknown:
            known = ", ".join([*METRICS, *RANKINGS])
            raise ValueError(f"no measure is called {unknown[0]!r}; there are {known}")
        if not 0 < self.margin < 1 or not 0 < self.alpha < 1:
            raise ValueError("margin and alpha lie between 0 and 1")

    def tests(self, groups: int) -> int:
        """How many tests that makes. groups: those that are no mirror of another."""
        return family_size(len(self.metrics), groups)


@dataclass(frozen=True)
class Test:
    """One test: a group against its background, or (group None) the largest gap between any two groups.

    n, background_n: rows that are compared. gap = value − background_value, but where clusters hold several groups
    (design "crossed") the gap within clusters, with `raw_gap` beside it. The interval excludes 0 exactly where the gap
    is found. A test that could not be made has p None and a reason. `detectable` is the smallest gap found with 80 %
    power among all tests of the family.
    """

    metric: str
    group: str | None
    n: int
    background_n: int
    value: float | None = None
    background_value: float | None = None
    gap: float | None = None
    raw_gap: float | None = None  # value − background_value, where the gap is taken within clusters
    templates: int | None = None  # clusters that hold the group and what it is compared with: a gap within is of these
    interval: Interval | None = None  # at the level of the comparison
    equivalence: Interval | None = None  # 90 %, held against the margin
    p: float | None = None
    q: float | None = None
    detectable: float | None = None
    verdict: Verdict = Verdict.TOO_LITTLE_DATA
    reason: Reason | None = None
    highest: str | None = None  # of a spread: the groups at either end
    lowest: str | None = None
    chance: Chance | None = None
    pairs_equal: bool = False  # of a spread: every pair of groups is shown equal
    left_out: tuple[str, ...] = ()  # groups that were found: their rows take no part, on either side
    mirror_of: str | None = None  # the group whose test this is, seen from the other side: the two are one finding

    __test__ = False  # not for pytest


@dataclass(frozen=True)
class Comparison:
    """All tests, the level of their intervals, how many of how many distinct tests are found (within the margin or
    not), and for each measure the groups that are left out of what others are compared with."""

    design: Design
    clusters: int | None
    tests: tuple[Test, ...]
    level: float = LEVEL
    tested: int = 0
    found: int = 0
    left_out: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Test, ...]:
        """The gaps that were found and are not shown to lie within the margin, each once."""
        return self._once(Verdict.FINDING)

    @property
    def within_margin(self) -> tuple[Test, ...]:
        """The gaps that were found and lie within the margin, each once."""
        return self._once(Verdict.WITHIN_MARGIN)

    def _once(self, verdict: Verdict) -> tuple[Test, ...]:
        return tuple(test for test in self.tests if test.verdict is verdict and test.mirror_of is None)


@dataclass(frozen=True)
class Draft:
    """A test before the family is known, and its interval at any level."""

    test: Test
    interval: Callable[[float], Interval | None] = lambda level: None


@dataclass(frozen=True)
class Drafts:
    """The drafts of one measure, and the groups that are left out of what others are compared with, in that order."""

    tests: tuple[Draft, ...]
    left_out: tuple[str, ...]


def judged(drafts: Sequence[Draft], family: Family) -> tuple[tuple[Test, ...], Bound]:
    """The tests with their q over the whole family, intervals that agree with it, and verdicts. A mirror has the p of
    the test that it mirrors and does not count."""
    p_values = [None if draft.test.mirror_of is not None else draft.test.p for draft in drafts]
    bound = bound_of(p_values, alpha=family.alpha, correction=family.correction)
    known = {
        (draft.test.metric, draft.test.group): (draft.test.p, q)
        for draft, q in zip(drafts, q_values(p_values, family.correction), strict=True)
    }
    tests = []
    for draft in drafts:
        p, q = known[draft.test.metric, draft.test.mirror_of or draft.test.group]
        test = replace(draft.test, p=p, q=q)
        found = q is not None and q <= family.alpha
        interval = draft.interval(bound.level)
        if test.p is not None and test.gap is not None:
            interval = agreeing(interval, test.gap, found=found)
        said = verdict(q, test.equivalence, test.detectable, margin=family.margin, alpha=family.alpha)
        if test.pairs_equal:
            said = Verdict.WITHIN_MARGIN if found else Verdict.SHOWN_EQUAL
        tests.append(replace(test, interval=interval, verdict=said))
    return tuple(tests), bound
