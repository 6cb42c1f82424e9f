"""Drawings of an audit's page: positions in percent, so that a plot is a column of its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...explain.draw.heatmap import step_of

LEFT, RIGHT = 2.0, 98.0  # percent of the plot that the data may fill
MOST_LINES, MOST_COLUMNS, MOST_FRAMES = 5, 60, 90  # that are drawn together
RATES = (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8)  # at which the table of a ROC curve stands


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


@dataclass(frozen=True, slots=True)
class Grid:
    """The table of a drawing: rows of a name (None: all texts) or a threshold, and their figures."""

    columns: Sequence[float | str]
    rows: Sequence[tuple[str | float | None, Sequence[float | None]]]


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


def matrix(content: Mapping[str, Any]) -> list[list[Cell | None]] | None:
    """Cells of the swap matrix with their colour step; None where a pair is not comparable."""
    return _cells(content["effects"]["harmless"]["matrix"]["change"]) if content["effects"] else None


def swap_matrix(content: Mapping[str, Any]) -> list[list[Cell | None]] | None:
    """Cells of the matrix of swapped texts outside the class, of all without labels; None with too few pairs."""
    if not content["swaps"]:
        return None
    return _cells((content["swaps"]["harmless"] or content["swaps"]["all"])["matrix"]["change"])


def _cells(change: Sequence[Sequence[float | None]]) -> list[list[Cell | None]]:
    top = max((abs(value) for row in change for value in row if value is not None), default=0.0)
    return [[None if value is None else Cell(value, step_of(value, top)) for value in row] for row in change]


def claim_steps(gap: Mapping[str, Any]) -> list[int]:
    top = max((abs(word["claim"]) for word in gap["words"]), default=0.0)
    return [step_of(word["claim"], top) for word in gap["words"]]


def drawings(content: Mapping[str, Any]) -> dict[str, Grid]:
    """The drawings that the runner stored beside the report, and the same figures as a table, by name."""
    drawn = content["curves"]
    found = {}
    if drawn["roc"] and drawn["roc"]["all"]:
        found["roc"] = _roc(content)
    if drawn["calibration"] and len(drawn["calibration"]["all"]["bins"]) > 1:
        found["calibration"] = _calibration(content)
    for swept in drawn["sweep"]:
        if any(value is not None for name in drawn_groups(content) for value in swept["groups"][name]):
            found[f"sweep-{swept['metric']}"] = _sweep(content, swept)
    return found | ({"heat": heat(content)} if content["effects"] else {})


def drawn_groups(content: Mapping[str, Any]) -> list[str]:
    """The groups with the largest gaps in the first measure: those that curves are drawn of."""
    first = content["family"]["metrics"][0]
    tests = [t for t in content["tests"] if t["metric"] == first and t["group"] is not None and t["gap"] is not None]
    return [t["group"] for t in sorted(tests, key=lambda t: -abs(t["gap"]))[:MOST_LINES]]


def heat(content: Mapping[str, Any]) -> Grid:
    """Probability of the class for frames that are not of it, identities with the highest mean first."""
    effects = content["effects"]
    frames = [
        (frame.replace("{identity}", "…"), row)
        for frame, row, toxic in zip(effects["frames"], effects["scores"], effects["toxic"], strict=True)
        if not toxic
    ]
    totals = [sum(row[i] for _, row in frames) for i in range(len(effects["identities"]))]
    order = sorted(range(len(totals)), key=lambda i: -totals[i])[:MOST_COLUMNS]
    rows = [(frame, [row[i] for i in order]) for frame, row in frames[:MOST_FRAMES]]
    return Grid([effects["identities"][i] for i in order], rows)


def heat_ends(grid: Grid) -> tuple[float, float]:
    """The smallest and the largest probability of a heat map: its colours span them, and nothing beyond."""
    known = [value for _, values in grid.rows for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    return (low, high) if high > low else (0.0, 1.0)


def every_swap(content: Mapping[str, Any]) -> Grid | None:
    """Mean change of the score for every ordered pair of groups, None where a pair has too few texts, is not
    comparable or is itself; those that raise the score most come first."""
    if content["effects"]:
        effects = sorted(content["effects"]["harmless"]["effects"], key=lambda each: -each["effect"])[:MOST_COLUMNS]
        names = [str(each["identity"]) for each in effects]
        apart = {frozenset(pair) for pair in content["plan"]["data"].get("not_comparable", ())}
        rows = [
            [None if g is h or {g["identity"], h["identity"]} in apart else h["effect"] - g["effect"] for h in effects]
            for g in effects
        ]
        return Grid(names, list(zip(names, rows, strict=True)))
    if not content["swaps"]:
        return None
    found = (content["swaps"]["harmless"] or content["swaps"]["all"])["matrix"]
    return Grid(found["identities"], list(zip(found["identities"], found["change"], strict=True)))


def _roc(content: Mapping[str, Any]) -> Grid:
    curves = content["curves"]["roc"]
    named = {None: curves["all"]} | {name: curves["groups"].get(name) for name in drawn_groups(content)}
    rows = [(name, [_height(points, x) for x in RATES]) for name, points in named.items() if points]
    return Grid(RATES, rows)


def _height(points: Sequence[Sequence[float]], x: float) -> float:
    """The height of a curve at x, interpolated between its points."""
    at = next(k for k, point in enumerate(points) if point[0] > x)
    (left, low), (right, high) = points[at - 1], points[at]
    return float(low + (high - low) * (x - left) / (right - left))


def _calibration(content: Mapping[str, Any]) -> Grid:
    entries = content["curves"]["calibration"]
    named = {None: entries["all"]} | {name: entries["groups"][name] for name in drawn_groups(content)}
    rows = [
        (name, [each["n"], each["score"], each["rate"]])
        for name, entry in named.items()
        if len(entry["bins"]) > 1
        for each in entry["bins"]
    ]
    return Grid((), rows)


def _sweep(content: Mapping[str, Any], swept: Mapping[str, Any]) -> Grid:
    names = drawn_groups(content)
    total = swept.get("all", [None] * len(swept["thresholds"]))  # an older report has none
    rows = [
        (threshold, [total[k], *(swept["groups"][name][k] for name in names), swept["spread"][k]])
        for k, threshold in enumerate(swept["thresholds"])
    ]
    return Grid(names, rows)
