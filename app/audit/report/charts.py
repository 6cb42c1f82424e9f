"""What is drawn of the scores, as figures: both the SVG of a report and what a page zooms into are made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..evidence.words import masked_text
from . import view

Translate = Callable[[str], str]
Points = Sequence[Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Curve:
    """points: x, y and, where a point stands for rows of its own, their number."""

    name: str
    points: Points


@dataclass(frozen=True, slots=True)
class Lines:
    """Curves in the unit square, the first the one to compare with."""

    x: str
    y: str
    curves: Sequence[Curve]
    diagonal: bool = False  # whether y = x is what a perfect or a useless model draws
    mark: float | None = None  # the x that the audit stands at
    kind: Literal["lines"] = "lines"


@dataclass(frozen=True, slots=True)
class Heat:
    """values[row][column]; None where there is none. signed: around 0, else from 0 to 1."""

    rows: Sequence[str]
    columns: Sequence[str]
    values: Points
    label: str
    signed: bool = False
    x: str = ""
    y: str = ""
    kind: Literal["heat"] = "heat"


Chart = Lines | Heat


def charts(content: Mapping[str, Any], say: Mapping[str, Translate]) -> dict[str, Chart]:
    """The charts that the content has figures for, by name. say: the filters of terms.py."""
    found: dict[str, Chart | None] = {"roc": _roc(content, say["drawn"]), "calibration": _calibration(content, say)}
    for swept in content["curves"]["sweep"]:
        found[f"sweep-{swept['metric']}"] = _sweep(content, swept, say)
    found |= {"matrix": matrix(content, say["drawn"]), "heat": _heat(content, say["drawn"])}
    return {name: chart for name, chart in found.items() if chart is not None}


def _roc(content: Mapping[str, Any], say: Translate) -> Lines | None:
    drawn = content["curves"]["roc"]
    if not drawn or not drawn["all"]:
        return None
    named = {name: drawn["groups"].get(name) for name in view.drawn_groups(content)}
    curves = [Curve(say("all"), drawn["all"]), *(Curve(name, points) for name, points in named.items() if points)]
    return Lines(say("fpr"), say("tpr"), curves, diagonal=True)


def _calibration(content: Mapping[str, Any], say: Mapping[str, Translate]) -> Lines | None:
    drawn, word = content["curves"]["calibration"], say["drawn"]
    if not drawn:
        return None
    named = {word("all"): drawn["all"]} | {name: drawn["groups"][name] for name in view.drawn_groups(content)}
    curves = [
        Curve(name, [[each["score"], each["rate"], each["n"]] for each in entry["bins"]])
        for name, entry in named.items()
        if len(entry["bins"]) > 1
    ]
    return Lines(word("mean"), word("observed"), curves, diagonal=True) if curves else None


def _sweep(content: Mapping[str, Any], swept: Mapping[str, Any], say: Mapping[str, Translate]) -> Lines | None:
    mark = float(content["threshold"]["value"])
    curves = [
        Curve(name, list(zip(swept["thresholds"], swept["groups"][name], strict=True)))
        for name in view.drawn_groups(content)
        if any(value is not None for value in swept["groups"][name])
    ]
    return Lines(say["drawn"]("threshold"), say["audit_metric"](swept["metric"]), curves, mark=mark) if curves else None


def matrix(content: Mapping[str, Any], say: Translate) -> Heat | None:
    """Every group for every other, in points: harmless frames of templates, or pairs of your own texts."""
    found = view.every_swap(content)
    if found is None:
        return None
    values = [[None if value is None else round(100 * value, 2) for value in row] for _, row in found.rows]
    rows, columns = [str(name) for name, _ in found.rows], [str(name) for name in found.columns]
    return Heat(rows, columns, values, say("points"), signed=True, x=say("after"), y=say("before"))


def _heat(content: Mapping[str, Any], say: Translate) -> Heat | None:
    if not content["effects"]:
        return None
    grid = view.heat(content)
    rows, columns = [masked_text(str(name)) for name, _ in grid.rows], [str(name) for name in grid.columns]
    return Heat(rows, columns, [values for _, values in grid.rows], say("probability"))
