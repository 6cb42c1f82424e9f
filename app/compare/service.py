"""Two explanations and what differs between them, on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ..errors import UnknownValue
from ..explain.ask.outcome import PredictionView, prediction_view
from ..explain.ask.schemas import ExplanationOut, PanelOut
from ..explain.draw import heatmap
from ..explain.draw import view as views
from ..explain.draw.view import MethodView, PaintedText, View
from .difference import Change, Lined, MethodDifference, difference, lined_up, scaled

Kind = Literal["identical", "rules", "models", "texts", "both"]
Tops: TypeAlias = dict[tuple[str, str], float]  # by method and unit
NAMED = 3  # changes that the sentence names one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    key: str
    model: str
    text: str
    text_pair: str | None
    prediction: PredictionView
    label: str  # the class that is explained on this side
    probability: float | None  # of that class
    methods: Mapping[str, MethodView]
    marked: tuple[PaintedText, ...]  # the texts, with the words that the other side has not


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """kind: what is not the same. changes: of the texts. flips: whether the models say something else."""

    left: Side
    right: Side
    methods: tuple[str, ...]  # in the order of the left side
    labels: tuple[str, ...]  # classes that both models have
    label: str | None  # the one that is explained on both sides, if there is one
    kind: Kind
    changes: tuple[Change, ...]
    flips: bool
    differences: Mapping[str, MethodDifference]

    @property
    def named(self) -> bool:
        """Whether the sentence names the changes."""
        return 0 < len(self.changes) <= NAMED

    @property
    def told(self) -> tuple[str, MethodDifference] | None:
        """The method whose difference the sentence tells: the first that has one."""
        return next(((name, self.differences[name]) for name in self.methods if name in self.differences), None)


def beside(left: PanelOut, right: PanelOut, *, label: str | None, shared: bool) -> Pair:
    """Both sides for one class where both models have it, else each side for its own prediction."""
    common = tuple(name for name in _labels(left) if name in _labels(right))
    if label and label not in common:
        raise UnknownValue("label", label, common, cure="Open the comparison without it.")
    chosen = label if label in common else left.target.label if left.target.label in common else None
    rows = (_index(left, chosen), _index(right, chosen))
    lined = _lined(left, right)
    different = _differences(left, right, lined, rows) if chosen is not None else {}
    tops = _tops(((left, rows[0]), (right, rows[1])), different) if shared else {}
    sides = (
        _side(left, rows[0], tops, lined.changed_left if lined else frozenset()),
        _side(right, rows[1], tops, lined.changed_right if lined else frozenset()),
    )
    names = [found.method.name for found in left.explanations if found.scores is not None]
    names += [n for n in sides[1].methods if n not in names and sides[1].methods[n].texts]
    return Pair(
        left=sides[0],
        right=sides[1],
        methods=tuple(names),
        labels=common,
        label=chosen,
        kind=_kind(left, right),
        changes=lined.changes if lined else (),
        flips=_said(left) != _said(right),
        differences={
            name: replace(each, texts=scaled(each.texts, tops.get((name, each.unit), each.largest)))
            for name, each in different.items()
        },
    )


def _kind(left: PanelOut, right: PanelOut) -> Kind:
    texts = (left.text, left.text_pair) != (right.text, right.text_pair)
    models = (left.model.id, left.model.digest) != (right.model.id, right.model.digest)
    if texts or models:
        return "both" if texts and models else "texts" if texts else "models"
    return "identical" if left.key == right.key else "rules"


def _said(panel: PanelOut) -> str | None:
    return None if panel.prediction.predicted is None else panel.prediction.predicted.label


def _labels(panel: PanelOut) -> tuple[str, ...]:
    return tuple(target.label for target in panel.explanations[0].targets) if panel.explanations else ()


def _index(panel: PanelOut, label: str | None) -> int:
    if label is None or not panel.explanations:
        return panel.target.index
    return next(t.index for t in panel.explanations[0].targets if t.label == label)


def _lined(left: PanelOut, right: PanelOut) -> Lined | None:
    first = [next(iter(panel.explanations), None) for panel in (left, right)]
    return lined_up(first[0], first[1]) if first[0] is not None and first[1] is not None else None


def _differences(
    left: PanelOut, right: PanelOut, lined: Lined | None, rows: tuple[int, int]
) -> dict[str, MethodDifference]:
    theirs = {found.method.name: found for found in right.explanations}
    made: dict[str, MethodDifference] = {}
    for found in left.explanations:
        other = theirs.get(found.method.name)
        if other is not None and found.scores is not None:
            one = difference(found, other, lined, (found.row(rows[0]), other.row(rows[1])))
            made |= {found.method.name: one} if one is not None else {}
    return made


def _level(found: ExplanationOut) -> heatmap.Level:
    offered = heatmap.levels(found.players)
    return offered[0] if offered else "word"


def _tops(sides: Sequence[tuple[PanelOut, int]], different: Mapping[str, MethodDifference]) -> Tops:
    """The largest score of each method over A, B and B − A: a word's colour means the same in all three."""
    tops = {(name, each.unit): each.largest for name, each in different.items()}
    for panel, index in sides:
        for found in panel.explanations:
            if found.scores is not None:
                largest = heatmap.largest(heatmap.group_scores(found, found.row(index), _level(found)))
                name = (found.method.name, found.unit)
                tops[name] = max(largest, tops.get(name, 0.0))
    return tops


def _side(panel: PanelOut, index: int, tops: Tops, changed: frozenset[int]) -> Side:
    methods = {}
    for found in panel.explanations:
        view = View(target=index, level=_level(found), scale="own")
        row = views.method_view(found, view, tops.get((found.method.name, found.unit)))
        methods[found.method.name] = replace(row, texts=_marked(row.texts, changed))
    shares, place = panel.prediction.probabilities, panel.prediction.place(index)
    return Side(
        key=panel.key,
        model=panel.model.id,
        text=panel.text,
        text_pair=panel.text_pair,
        prediction=prediction_view(panel.prediction, None),
        label=panel.prediction.labels[place],
        probability=None if shares is None else shares[place],
        methods=methods,
        marked=_marked(views.specimen(panel), changed),
    )


def _marked(texts: Sequence[PaintedText], changed: frozenset[int]) -> tuple[PaintedText, ...]:
    return tuple(
        replace(text, cells=tuple(replace(c, changed=c.feature in changed) for c in text.cells)) for text in texts
    )
