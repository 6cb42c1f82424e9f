"""What an audit may say: found, shown equal, no difference found, too little data, not tested. Never 'unbiased'."""

from __future__ import annotations

from typing import Any

from ..data.values import THIN
from ..family.findings import Test
from ..family.gaps import Measured
from ..measures.metrics import METRICS, RANKINGS
from ..statistics.verdicts import Verdict


def verdict(measured: Measured) -> dict[str, Any]:
    """The headline test by number, and for each measure the groups under each verdict."""
    tests = measured.comparison.tests
    numbers = {id(test): number for number, test in enumerate(tests)}
    headline = _headline(measured)
    return {
        "kind": "finding" if headline is not None and headline.verdict is Verdict.FINDING else _nothing_found(tests),
        "headline": None if headline is None else numbers[id(headline)],
        "findings": len(measured.comparison.findings),
        "measures": [_measure(tests, name) for name in measured.family.metrics],
    }


def _headline(measured: Measured) -> Test | None:
    """The largest finding of the first measure that has one, else the largest gap that was measured."""
    order = {name: number for number, name in enumerate(measured.family.metrics)}
    able = [test for test in measured.comparison.tests if test.group is not None and test.gap is not None]
    able.sort(
        key=lambda test: (test.verdict is not Verdict.FINDING, order[test.metric], -_harm(test), test.group or "")
    )
    return able[0] if able else None


def _harm(test: Test) -> float:
    """A gap to the group's disadvantage counts before one to its advantage."""
    better = METRICS[test.metric].better if test.metric in METRICS else RANKINGS.get(test.metric)
    gap = test.gap or 0.0
    against = gap if better == "low" else -gap if better == "high" else abs(gap)
    return against if against > 0 else against / 1e6


def _nothing_found(tests: tuple[Test, ...]) -> str:
    groups = [test for test in tests if test.group is not None]
    if groups and all(test.verdict is Verdict.SHOWN_EQUAL for test in groups):
        return "equal"
    if any(test.verdict is Verdict.TOO_LITTLE_DATA for test in groups) or not groups:
        return "too little data"
    return "nothing found"


def _measure(tests: tuple[Test, ...], name: str) -> dict[str, Any]:
    mine = [test for test in tests if test.metric == name and test.group is not None]

    def listed(kind: Verdict) -> list[str]:
        chosen = [test for test in mine if test.verdict is kind and test.p is not None]
        return [str(test.group) for test in sorted(chosen, key=lambda test: -abs(test.gap or 0.0))]

    return {
        "metric": name,
        "found": listed(Verdict.FINDING),
        "equal": listed(Verdict.SHOWN_EQUAL),
        "no_difference": listed(Verdict.NO_DIFFERENCE_FOUND),
        "too_little": listed(Verdict.TOO_LITTLE_DATA),
        "untested": [{"group": test.group, "n": test.n, "reason": test.reason} for test in mine if test.p is None],
        "thin": [test.group for test in mine if test.p is not None and test.n < THIN],
    }
