"""What the page of an audit draws: positions in percent, so that a plot is a column of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..explain.heatmap import step_of

LEFT, RIGHT = 2.0, 98.0  # percent of the plot that the data may fill
SHOWN = 14  # rows of a forest before the rest is folded away


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of the forest, positions in percent; None where there is nothing to draw."""

    test: Mapping[str, Any]
    at: float | None
    low: float | None
    high: float | None
    words: int | None  # the section with its words


@dataclass(frozen=True, slots=True)
class Forest:
    metric: str
    zero: float
    margin: tuple[float, float]  # left end and width
    ticks: Sequence[tuple[float, int, bool]]  # position, points, minor
    bars: Sequence[Bar]
    rest: Sequence[Bar]
    spread: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Step:
    """A part of a gap as a stretch from where the ones before ended."""

    name: str
    value: float
    left: float
    width: float
    end: float
    interval: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Waterfall:
    steps: Sequence[Step]
    total: Step


@dataclass(frozen=True, slots=True)
class Cell:
    value: float
    step: int


def forests(content: Mapping[str, Any]) -> list[Forest]:
    sections = {(gap["metric"], gap["group"]): number for number, gap in enumerate(content["words"])}
    return [_forest(content, name, sections) for name in content["family"]["metrics"]]


def _forest(content: Mapping[str, Any], name: str, sections: Mapping[tuple[str, str], int]) -> Forest:
    tests = [test for test in content["tests"] if test["metric"] == name]
    groups = [test for test in tests if test["group"] is not None]
    groups.sort(key=lambda test: (test["gap"] is None, -abs(test["gap"] or 0.0), test["group"]))
    margin = content["family"]["margin"]
    ends = [-margin, margin, *(t["gap"] for t in groups if t["gap"] is not None)]
    ends += [end for t in groups if t["interval"] for end in (t["interval"]["low"], t["interval"]["high"])]
    low, high = min(ends), max(ends)

    def place(value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * float((value - low) / (high - low)), 2)

    def bar(test: Mapping[str, Any]) -> Bar:
        interval = test["interval"]
        return Bar(
            test,
            None if test["gap"] is None else place(test["gap"]),
            place(interval["low"]) if interval else None,
            place(interval["high"]) if interval else None,
            sections.get((name, test["group"])),
        )

    bars = [bar(test) for test in groups]
    left = place(-margin)
    return Forest(
        metric=name,
        zero=place(0.0),
        margin=(left, round(place(margin) - left, 2)),
        ticks=_ticks(low, high, place),
        bars=bars[:SHOWN],
        rest=bars[SHOWN:],
        spread=next((test for test in tests if test["group"] is None), None),
    )


def _ticks(low: float, high: float, place: Any) -> list[tuple[float, int, bool]]:
    step = next(size for size in (1, 2, 5, 10, 20, 25, 50, 100, 200) if 100 * (high - low) / size <= 8)
    first, last = int(-(-100 * low // step)), int(100 * high // step)
    return [(place(step * k / 100), step * k, k % 2 == 1) for k in range(first, last + 1)]


def waterfall(gap: Mapping[str, Any]) -> Waterfall:
    parts = gap["parts"]["parts"]
    at, edges = 0.0, [0.0, gap["parts"]["gap"]]
    for part in parts:
        at += part["value"]
        edges.append(at)
    low, high = min(edges), max(edges)
    scale = (RIGHT - LEFT) / (high - low) if high > low else 0.0

    def stretch(name: str, start: float, value: float, interval: Any = None) -> Step:
        left = LEFT + scale * (min(start, start + value) - low)
        end = LEFT + scale * (start + value - low)
        return Step(name, value, round(left, 2), round(scale * abs(value), 2), round(end, 2), interval)

    steps, at = [], 0.0
    for part in parts:
        steps.append(stretch(part["name"], at, part["value"], part["interval"]))
        at += part["value"]
    return Waterfall(steps, stretch("gap", 0.0, gap["parts"]["gap"]))


def matrix(content: Mapping[str, Any]) -> list[list[Cell]] | None:
    """Cells of the swap matrix with their colour step."""
    if not content["effects"]:
        return None
    change = content["effects"]["harmless"]["matrix"]["change"]
    top = max((abs(value) for row in change for value in row), default=0.0)
    return [[Cell(value, step_of(value, top)) for value in row] for row in change]


def swap_matrix(content: Mapping[str, Any]) -> list[list[Cell | None]] | None:
    """The same of swapped texts that are not of the class, or of all without labels; None where too few pairs."""
    if not content["swaps"]:
        return None
    change = (content["swaps"]["harmless"] or content["swaps"]["all"])["matrix"]["change"]
    top = max((abs(value) for row in change for value in row if value is not None), default=0.0)
    return [[None if value is None else Cell(value, step_of(value, top)) for value in row] for row in change]


def claim_steps(gap: Mapping[str, Any]) -> list[int]:
    top = max((abs(word["claim"]) for word in gap["words"]), default=0.0)
    return [step_of(word["claim"], top) for word in gap["words"]]


def drawings(content: Mapping[str, Any]) -> list[str]:
    """The names of the drawings that the runner stored beside the report and that no table of the page shows."""
    found = []
    if content["curves"]["roc"] and content["curves"]["roc"]["all"]:
        found.append("roc")
    if content["curves"]["calibration"] and content["curves"]["calibration"]["all"]["bins"]:
        found.append("calibration")
    found += [f"sweep-{swept['metric']}" for swept in content["curves"]["sweep"]]
    return found + (["heat"] if content["effects"] else [])
