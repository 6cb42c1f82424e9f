"""Two explanations beside each other, on one scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..explain.ask.outcome import PredictionView, prediction_view
from ..explain.ask.schemas import ExplanationOut, PanelOut
from ..explain.draw import heatmap
from ..explain.draw import view as views
from ..explain.draw.view import MethodView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    key: str
    model: str
    text: str
    text_pair: str | None
    prediction: PredictionView
    label: str  # the class that is explained on this side
    methods: Mapping[str, MethodView]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    left: Side
    right: Side
    methods: tuple[str, ...]  # in the order of the left side
    labels: tuple[str, ...]  # classes that both models have
    label: str | None  # the one that is explained on both sides, if there is one


def beside(left: PanelOut, right: PanelOut, *, label: str | None, shared: bool) -> Pair:
    """The same class on both sides where both models have it; else what each of them says."""
    common = tuple(name for name in _labels(left) if name in _labels(right))
    chosen = label if label in common else left.target.label if left.target.label in common else None
    rows = (_index(left, chosen), _index(right, chosen))
    tops = _tops(((left, rows[0]), (right, rows[1]))) if shared else {}
    sides = tuple(_side(panel, row, tops) for panel, row in zip((left, right), rows, strict=True))
    names = [found.method.name for found in left.explanations if found.scores is not None]
    names += [n for n in sides[1].methods if n not in names and sides[1].methods[n].texts]
    return Pair(left=sides[0], right=sides[1], methods=tuple(names), labels=common, label=chosen)


def _labels(panel: PanelOut) -> tuple[str, ...]:
    return tuple(target.label for target in panel.explanations[0].targets) if panel.explanations else ()


def _index(panel: PanelOut, label: str | None) -> int:
    if label is None or not panel.explanations:
        return panel.target.index
    return next(t.index for t in panel.explanations[0].targets if t.label == label)


def _level(found: ExplanationOut) -> heatmap.Level:
    offered = heatmap.levels(found.players)
    return offered[0] if offered else "word"


def _tops(sides: tuple[tuple[PanelOut, int], ...]) -> dict[tuple[str, str], float]:
    """The largest score of each method and unit over both sides: a word's colour means the same on either."""
    tops: dict[tuple[str, str], float] = {}
    for panel, index in sides:
        for found in panel.explanations:
            if found.scores is not None:
                name = (found.method.name, found.unit)
                largest = heatmap.largest(heatmap.group_scores(found, found.row(index), _level(found)))
                tops[name] = max(largest, tops.get(name, 0.0))
    return tops


def _side(panel: PanelOut, index: int, tops: Mapping[tuple[str, str], float]) -> Side:
    methods = {
        found.method.name: views.method_view(
            found, View(target=index, level=_level(found), scale="own"), tops.get((found.method.name, found.unit))
        )
        for found in panel.explanations
    }
    return Side(
        key=panel.key,
        model=panel.model.id,
        text=panel.text,
        text_pair=panel.text_pair,
        prediction=prediction_view(panel.prediction, None),
        label=panel.prediction.labels[panel.prediction.place(index)],
        methods=methods,
    )
