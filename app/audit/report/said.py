"""Statements of an audit, computed once from its tests: page, JSON, report, card and command line draw this value.

Never 'unbiased'. A group stands in one list of a measure, and what is said of all measures follows from these lists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..data.values import THIN
from ..family.findings import Test
from ..family.gaps import Measured
from ..measures.metrics import harms
from ..statistics.verdicts import Verdict

LISTS = {
    Verdict.FINDING: "found",
    Verdict.WITHIN_MARGIN: "within_margin",
    Verdict.SHOWN_EQUAL: "equal",
    Verdict.NO_DIFFERENCE_FOUND: "no_difference",
    Verdict.TOO_LITTLE_DATA: "too_little",
}
KINDS = {"found": "finding", "within_margin": "within margin", "no_difference": "nothing found"}
HARM, EITHER, BENEFIT = "harm", "either", "benefit"  # what a gap is to its group, as far as the measure says


def verdict(measured: Measured) -> dict[str, Any]:
    """`kind` over all measures; `headline`: the test with the largest harm among the gaps that were found, or with the
    largest gap where none is a harm; `largest`: the largest gap that was measured where none was found; each measure by
    itself. Tests are named by their number."""
    tests = measured.comparison.tests
    measures = [_measure(tests, name) for name in measured.family.metrics]
    found = [test for test in tests if test.verdict is Verdict.FINDING]
    small = [test for test in tests if test.verdict is Verdict.WITHIN_MARGIN]
    headline = _worst(found or small)
    groups = measured.membership.names
    return {
        "kind": "finding" if found else "within margin" if small else _nothing_found(tests, measures),
        "headline": _number(tests, headline),
        "harm": None if headline is None else harm_of(headline),
        "largest": _number(tests, None if headline else _largest(tests)),
        "alike": [] if headline is None else _alike(tests, headline),
        "findings": len(measured.comparison.findings),
        "within_margin": sum(test.mirror_of is None for test in small),
        "groups": len(groups),
        "equal_everywhere": [name for name in groups if all(name in measure["equal"] for measure in measures)],
        "open": [name for name in groups if any(_is_open(name, measure) for measure in measures)],
        "measures": measures,
    }


def harm_of(test: Test) -> str:
    """Whether the gap is to the disadvantage of the group, to its advantage, or whichever one takes it for."""
    if test.group is None or not test.gap or (harm := harms(test.metric, test.gap)) is None:
        return EITHER
    return HARM if harm else BENEFIT


def _worst(tests: Sequence[Test]) -> Test | None:
    """Harm before what may be one before an advantage; the spread over all groups only where no group is there."""
    order = (HARM, EITHER, BENEFIT)
    ranked = sorted(tests, key=lambda test: (test.group is None, order.index(harm_of(test)), -abs(test.gap or 0.0)))
    return ranked[0] if ranked else None


def _largest(tests: Sequence[Test]) -> Test | None:
    able = [test for test in tests if test.group is not None and test.p is not None and _shown(test.gap)]
    return max(able, key=lambda test: abs(test.gap or 0.0), default=None)


def _alike(tests: Sequence[Test], worst: Test) -> list[str]:
    """The other groups of which the headline says the same to the digits that it shows."""
    return [
        str(test.group)
        for test in tests
        if test.group not in (None, worst.group)
        and (test.metric, test.verdict) == (worst.metric, worst.verdict)
        and [_shown(value) for value in (test.gap, test.value, test.background_value)]
        == [_shown(value) for value in (worst.gap, worst.value, worst.background_value)]
    ]


def _shown(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)


def _number(tests: Sequence[Test], test: Test | None) -> int | None:
    return next((number for number, each in enumerate(tests) if each is test), None)


def _nothing_found(tests: Sequence[Test], measures: Sequence[Mapping[str, Any]]) -> str:
    if all(test.p is None for test in tests):
        return "untested"
    kinds = {measure["kind"] for measure in measures}
    return kinds.pop() if len(kinds) == 1 else "too little data" if "too little data" in kinds else "nothing found"


def _is_open(group: str, measure: Mapping[str, Any]) -> bool:
    return group in measure["too_little"] or any(each["group"] == group for each in measure["untested"])


def _measure(tests: Sequence[Test], name: str) -> dict[str, Any]:
    mine = [test for test in tests if test.metric == name]
    groups = [test for test in mine if test.group is not None]
    tested = [test for test in groups if test.p is not None]
    lists = {label: _listed(tested, kind) for kind, label in LISTS.items()}
    found = [test for test in mine if test.verdict is Verdict.FINDING]
    found = found or [test for test in mine if test.verdict is Verdict.WITHIN_MARGIN]
    worst = _worst(found)
    widest = max(found, key=lambda test: (test.group is not None, abs(test.gap or 0.0)), default=None)
    return {
        "metric": name,
        "kind": _kind(mine, lists, len(groups)),
        "worst": _number(tests, worst),
        "harm": None if worst is None else harm_of(worst),
        "alike": [] if worst is None else _alike(tests, worst),
        "widest": None if widest is worst else _number(tests, widest),
        "spread": _number(tests, next((test for test in mine if test.group is None), None)),
        **lists,
        "untested": [{"group": test.group, "n": test.n, "reason": test.reason} for test in groups if test.p is None],
        "thin": [test.group for test in tested if min(test.n, test.background_n) < THIN],
        "mirrors": [[test.group, test.mirror_of] for test in tested if test.mirror_of is not None],
    }


def _listed(tests: Sequence[Test], kind: Verdict) -> list[str]:
    """The groups with that verdict, the largest gap first."""
    return [str(test.group) for test in sorted(tests, key=lambda test: -abs(test.gap or 0.0)) if test.verdict is kind]


def _kind(tests: Sequence[Test], lists: Mapping[str, Sequence[str]], groups: int) -> str:
    """The statement on a whole measure, from all its tests and the spread over its groups: found comes before not
    found, and open before decided."""
    there = {test.verdict for test in tests}
    for kind in (Verdict.FINDING, Verdict.WITHIN_MARGIN):
        if kind in there:
            return KINDS[LISTS[kind]]
    if groups and len(lists["equal"]) == groups:
        return "equal"
    decided = len(lists["equal"]) + len(lists["no_difference"])
    return "nothing found" if groups and decided == groups else "too little data"
