"""What is declared before a run (`Family`), what one of its tests says (`Test`), and all of them (`Comparison`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..data.values import FEW, Interval, Reason
from ..measures.metrics import METRICS, RANKINGS
from ..statistics.bootstrap import RESAMPLES
from ..statistics.multiplicity import Correction, q_values
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
        """How many tests that makes: every group, and the spread over all of them, for every measure."""
        return max(1, len(self.metrics)) * (groups + (groups > 1))


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
    design: Design
    clusters: int | None
    tests: tuple[Test, ...]

    @property
    def findings(self) -> tuple[Test, ...]:
        return tuple(test for test in self.tests if test.verdict is Verdict.FINDING)


def judged(tests: list[Test], family: Family) -> tuple[Test, ...]:
    """The tests with their q over the whole family and their verdicts."""
    found = []
    for test, q in zip(tests, q_values([test.p for test in tests], family.correction), strict=True):
        said = verdict(q, test.equivalence, test.detectable, margin=family.margin, alpha=family.alpha)
        if test.pairs_equal and said is not Verdict.FINDING:
            said = Verdict.SHOWN_EQUAL
        found.append(replace(test, q=q, verdict=said))
    return tuple(found)
