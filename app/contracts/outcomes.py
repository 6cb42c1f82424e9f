"""Three outcomes: an interval on the right side of its limit passes, on the wrong side fails, over it is undecided."""

from __future__ import annotations

from collections.abc import Iterable

from .schemas import Outcome


def held_against(low: float | None, high: float | None, limit: float, *, at_least: bool) -> Outcome:
    if low is None or high is None:
        return "undecided"
    if at_least:
        return "passed" if low >= limit else "failed" if high < limit else "undecided"
    return "passed" if high <= limit else "failed" if low > limit else "undecided"


def together(outcomes: Iterable[Outcome]) -> Outcome:
    listed = list(outcomes)
    return "failed" if "failed" in listed else "undecided" if "undecided" in listed else "passed"
