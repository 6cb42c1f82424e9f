"""Figures of the drawings of the scores: both the SVG of a report and what a page zooms into are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..evidence.words import masked_text
from . import view
from .labels import Label, labelled

Translate = Callable[[str], str]
Points = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Curve:
    """points: x, y and, where a point stands for rows of its own, their number. group: the number that gives a group
    the same colour and dash in every drawing of a report; 0 for all texts. label: where its name stands."""

    name: str
    points: Points
    group: int
    label: Label


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves in the unit square, that of all texts first."""

    x: str
    y: str
    curves: Sequence[Curve]
    diagonal: bool = False  # whether y = x is what a perfect or a useless model draws
    mark: float | None = None  # the x that the audit stands at
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, slots=True)
class Heat:
    """values[row][column]; None where there is none. low, high: the ends of its colours, of its own values; around 0
    where it is signed."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: Points
    label: str
    low: float
    high: float
    signed: bool = False
    x: str = ""
    y: str = ""
    kind: Literal["heat"] = "heat"


Chart = Lines | Heat


def charts(content: Mapping[str, Any], say: Mapping[str, Translate]) -> dict[str, Chart]:
    """The charts that the content has figures for, by name. say: the filters of terms.py."""
    found: dict[str, Chart | None] = {
        "roc": _roc(content, say["drawn"]),
        "calibration": _calibration(content, say["drawn"]),
    }
    for swept in content["curves"]["sweep"]:
        found[f"sweep-{swept['metric']}"] = _sweep(content, swept, say)
    found |= {"matrix": matrix(content, say["drawn"]), "heat": _heat(content, say["drawn"])}
    return {name: chart for name, chart in found.items() if chart is not None}


def _roc(content: Mapping[str, Any], say: Translate) -> Lines | None:
    drawn = content["curves"]["roc"]
    if not drawn or not drawn["all"]:
        return None
    curves = _curves(content, say, drawn["all"], lambda name: drawn["groups"].get(name))
    return Lines(say("fpr"), say("tpr"), curves, diagonal=True)


def _calibration(content: Mapping[str, Any], say: Translate) -> Lines | None:
    drawn = content["curves"]["calibration"]
    if not drawn:
        return None

    def points(entry: Mapping[str, Any]) -> Points | None:
        found = [[each["score"], each["rate"], each["n"]] for each in entry["bins"]]
        return found if len(found) > 1 else None

    curves = _curves(content, say, points(drawn["all"]), lambda name: points(drawn["groups"][name]))
    return Lines(say("mean"), say("observed"), curves, diagonal=True) if curves else None


def _sweep(content: Mapping[str, Any], swept: Mapping[str, Any], say: Mapping[str, Translate]) -> Lines | None:
    def points(values: Sequence[float | None]) -> Points | None:
        known = any(value is not None for value in values)
        return list(zip(swept["thresholds"], values, strict=True)) if known else None

    curves = _curves(content, say["drawn"], points(swept.get("all", ())), lambda name: points(swept["groups"][name]))
    mark = float(content["threshold"]["value"])
    return Lines(say["drawn"]("threshold"), say["audit_metric"](swept["metric"]), curves, mark=mark) if curves else None


def _curves(
    content: Mapping[str, Any], say: Translate, everything: Points | None, of_group: Callable[[str], Points | None]
) -> list[Curve]:
    """Curves that have points, each with the number of its group and a place for its name."""
    named = [(0, say("all"), everything)]
    named += [(number, name, of_group(name)) for number, name in enumerate(view.drawn_groups(content), 1)]
    drawn = [(number, name, points) for number, name, points in named if points]
    labels = labelled([(name, points) for _, name, points in drawn])
    return [Curve(name, points, number, label) for (number, name, points), label in zip(drawn, labels, strict=True)]


def matrix(content: Mapping[str, Any], say: Translate) -> Heat | None:
    """Every group for every other, in points: harmless frames of templates, or pairs of your own texts."""
    found = view.every_swap(content)
    if found is None:
        return None
    values = [[None if value is None else round(100 * value, 2) for value in row] for _, row in found.rows]
    rows, columns = [str(name) for name, _ in found.rows], [str(name) for name in found.columns]
    top = max((abs(value) for row in values for value in row if value is not None), default=0.0) or 1.0
    return Heat(rows, columns, values, say("points"), -top, top, signed=True, x=say("after"), y=say("before"))


def _heat(content: Mapping[str, Any], say: Translate) -> Heat | None:
    if not content["effects"]:
        return None
    grid = view.heat(content)
    rows, columns = [masked_text(str(name)) for name, _ in grid.rows], [str(name) for name in grid.columns]
    values = [values for _, values in grid.rows]
    low, high = view.heat_ends(grid)
    return Heat(rows, columns, values, say("probability"), low, high)
