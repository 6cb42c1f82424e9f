"""The gaps of a measure as rows of a table with a drawn column: positions in percent, harm first, equals folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..measures.metrics import better_of, harms
from .view import LEFT, RIGHT

INNER = (6.0, 94.0)  # where the number of a tick does not run into the next column
SHOWN = 12  # rows before the rest is folded away
UNTESTED = "untested"
ORDER = ("finding", "found, within the margin", "no difference found", "too little data", "shown equal", UNTESTED)
FOLDED = ("shown equal", UNTESTED)  # however few they are


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the forest, positions in percent; None where there is nothing to draw."""

    test: Mapping[str, Any]
    verdict: str  # of the test, or UNTESTED
    at: float | None
    low: float | None
    high: float | None
    words: int | None  # the section with its words
    inner: tuple[float, float] | None = None  # the 90 % interval, which is held against the margin


@dataclass(frozen=True, slots=True)
class Fold:
    """Rows of one verdict that are shown on request, and the gaps between which they lie."""

    verdict: str
    bars: Sequence[Bar]
    ends: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Forest:
    metric: str
    better: str | None  # `low` or `high`: which way the measure is good, where it has one
    zero: float
    margin: tuple[float, float]  # left end and width
    ticks: Sequence[tuple[float, int, bool]]  # position, points, minor
    bars: Sequence[Bar]
    folds: Sequence[Fold]
    spread: Mapping[str, Any] | None


def forests(content: Mapping[str, Any]) -> list[Forest]:
    sections = {(gap["metric"], gap["group"]): number for number, gap in enumerate(content["words"])}
    return [_forest(content, name, sections) for name in content["family"]["metrics"]]


def _forest(content: Mapping[str, Any], name: str, sections: Mapping[tuple[str, str], int]) -> Forest:
    tests = [test for test in content["tests"] if test["metric"] == name]
    groups = sorted((test for test in tests if test["group"] is not None), key=rank)
    margin = content["family"]["margin"]
    place, low, high = _scale(groups, margin)
    bars = [_bar(test, place, sections.get((name, test["group"]))) for test in groups]
    shown = [bar for bar in bars if bar.verdict not in FOLDED][:SHOWN]
    left = place(-margin)
    return Forest(
        metric=name,
        better=better_of(name),
        zero=place(0.0),
        margin=(left, round(place(margin) - left, 2)),
        ticks=_ticks(low, high, place),
        bars=shown,
        folds=_folds([bar for bar in bars if bar not in shown]),
        spread=next((test for test in tests if test["group"] is None), None),
    )


def rank(test: Mapping[str, Any]) -> tuple[int, bool, float, str]:
    """Sort key of a test: findings first, harms to the group before advantages, larger gaps before smaller."""
    gap = test["gap"] or 0.0
    return ORDER.index(verdict_of(test)), harms(test["metric"], gap) is False, -abs(gap), test["group"] or ""


def verdict_of(test: Mapping[str, Any]) -> str:
    return UNTESTED if test["p"] is None else str(test["verdict"])


def _scale(groups: Sequence[Mapping[str, Any]], margin: float) -> tuple[Callable[[float], float], float, float]:
    """From a gap to its position, and the smallest and the largest value that has one."""
    ends = [-margin, margin, *(test["gap"] for test in groups if test["gap"] is not None)]
    drawn = [test[kind] for test in groups for kind in ("interval", "equivalence") if test[kind]]
    ends += [end for each in drawn for end in (each["low"], each["high"])]
    low, high = min(ends), max(ends)
    return lambda value: round(LEFT + (RIGHT - LEFT) * float((value - low) / (high - low)), 2), low, high


def _bar(test: Mapping[str, Any], place: Callable[[float], float], words: int | None) -> Bar:
    interval, inner = test["interval"], test["equivalence"]
    return Bar(
        test=test,
        verdict=verdict_of(test),
        at=None if test["gap"] is None else place(test["gap"]),
        low=place(interval["low"]) if interval else None,
        high=place(interval["high"]) if interval else None,
        words=words,
        inner=(place(inner["low"]), place(inner["high"])) if inner else None,
    )


def _folds(bars: Sequence[Bar]) -> list[Fold]:
    found = []
    for verdict in ORDER:
        mine = [bar for bar in bars if bar.verdict == verdict]
        gaps = [float(bar.test["gap"]) for bar in mine if bar.test["gap"] is not None]
        if mine:
            found.append(Fold(verdict, mine, (min(gaps), max(gaps)) if gaps else None))
    return found


def _ticks(low: float, high: float, place: Callable[[float], float]) -> list[tuple[float, int, bool]]:
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 200) if 100 * (high - low) / size <= 8)
    first, last = int(-(-100 * low // step)), int(100 * high // step)
    ticks = [(place(step * k / 100), step * k, k % 2 == 1) for k in range(first, last + 1)]
    return [tick for tick in ticks if INNER[0] <= tick[0] <= INNER[1]]
