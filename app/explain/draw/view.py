"""Contents of the explanation page, worked out from the record. Words are chosen in the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from ..._library import explainers
from ...errors import UnknownValue
from ...web.formatting import script
from ..ask.schemas import ExplanationOut, PanelOut
from . import heatmap
from .heatmap import Cell, Level

Scale = Literal["own", "shared"]
SCALES: Mapping[str, Scale] = {"own": "own", "shared": "shared"}
T = TypeVar("T")
CHIPS = 4
MATRICES = ("kendall_tau", "top5_overlap", "sign_agreement")  # of an agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Settings of the page, as they stand in the address."""

    target: int
    level: Level
    scale: Scale

    def query(self, **changes: object) -> str:
        values = {"class": self.target, "level": self.level, "scale": self.scale, **changes}
        return "&".join(f"{name}={value}" for name, value in values.items())


@dataclass(frozen=True, slots=True)
class Peak:
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class PaintedText:
    part: str
    lang: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class MeasureRow:
    """One measure of every method that has scores; `best` is the number to mark."""

    name: str
    better: str  # higher, lower, neither
    values: tuple[float | None, ...]
    best: float | None


@dataclass(frozen=True, slots=True)
class WordClass:
    """Class that a token classifier gives one word; `number` is how the word is asked for."""

    number: int
    text: str
    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A sentence or phrase that can be explained by its words; `focus` is its place as the form sends it."""

    text: str
    focus: str
    score: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodView:
    name: str
    key: str
    badge: Any
    unit: str
    plain: bool  # a magnitude, without sign
    texts: tuple[PaintedText, ...]  # none for a method without scores
    strongest: Peak | None
    raises: Peak | None
    lowers: Peak | None
    residual: float | None  # a share of output − baseline output
    faithfulness: explainers.Faithfulness | None  # of the predicted class, whichever is painted
    evaluations: int
    seconds: float | None
    special_share: float | None  # of a magnitude: what rests on special tokens
    heads: bool  # whether the attention of every head can be looked at


@dataclass(frozen=True, slots=True)
class NumberRow:
    text: str
    part: str
    known: bool
    numbers: tuple[tuple[float | None, float | None], ...]  # (score, standard error), one a method


@dataclass(frozen=True, slots=True, kw_only=True)
class Maps:
    """The part of the page that a switch paints again."""

    view: View
    levels: tuple[Level, ...]
    classes: tuple[Any, ...]
    predicted: int | None  # None for a regression
    label: str  # of the class or output that is explained
    value: str
    can_share: bool
    methods: tuple[MethodView, ...]
    ranked: bool  # whether the most faithful stands first
    measured: str  # the label of the class that faithfulness is of
    absent: tuple[Any, ...]
    players: str
    pair: bool


def view_of(panel: PanelOut, query: Any) -> View:
    """Settings from the address. Raises UnknownValue for one that this explanation does not offer."""
    first = panel.explanations[0] if panel.explanations else None
    levels: dict[str, Level] = {each: each for each in heatmap.levels(first.players)} if first else {}
    classes = {str(target.index): target.index for target in first.targets} if first else {}
    return View(
        target=chosen(query, "class", classes, panel.target.index),
        level=chosen(query, "level", levels, next(iter(levels.values()), "word")),
        scale=chosen(query, "scale", SCALES, "own"),
    )


def chosen(query: Any, name: str, offered: Mapping[str, T], usual: T) -> T:
    """The choice of this name in the address, the usual one where it names none or the page offers none."""
    given = query.get(name, "")
    if not given or not offered:
        return usual
    if given not in offered:
        raise UnknownValue(name, given, list(offered), cure="Open the explanation without it.")
    return offered[given]


def most_faithful_first(panel: PanelOut) -> PanelOut:
    """The panel in the order of its page; methods that could not be measured keep theirs, below the others."""
    rank = {name: position for position, name in enumerate(panel.by_faithfulness)}
    shown = sorted(panel.explanations, key=lambda found: rank.get(found.method.name, len(rank)))
    agreement = panel.agreement
    if agreement is not None:
        methods = agreement.methods
        order = sorted(range(len(methods)), key=lambda k: rank.get(methods[k], len(rank)))
        agreement = agreement.model_copy(
            update={
                "methods": tuple(methods[k] for k in order),
                **{name: getattr(agreement, name)[np.ix_(order, order)] for name in MATRICES},
            }
        )
    return panel.model_copy(update={"explanations": tuple(shown), "agreement": agreement})


def maps_of(panel: PanelOut, view: View) -> Maps:
    first = panel.explanations[0] if panel.explanations else None
    tops = _shared_tops(panel.explanations, view) if view.scale == "shared" else {}
    targets = first.targets if first else (panel.target,)
    return Maps(
        view=view,
        levels=heatmap.levels(first.players) if first else (),
        classes=targets,
        predicted=None if panel.prediction.predicted is None else panel.prediction.predicted.index,
        label=next((t.label for t in targets if t.index == view.target), panel.target.label),
        value=first.value if first else "log-odds",
        can_share=_can_share(panel.explanations),
        methods=tuple(method_view(found, view, tops.get(found.unit)) for found in panel.explanations),
        ranked=len(panel.by_faithfulness) > 1,
        measured=panel.prediction.main.label,
        absent=panel.absent,
        players=first.players if first else "word",
        pair=panel.text_pair is not None,
    )


def method_view(found: ExplanationOut, view: View, top: float | None = None) -> MethodView:
    row = found.row(view.target)
    scores = heatmap.group_scores(found, row, view.level)
    texts = heatmap.group_texts(found, view.level)
    plain = found.unit in heatmap.MAGNITUDES
    peak = [Peak(texts[k], float(scores[k])) for k in np.argsort(scores)]
    return MethodView(
        name=found.method.name,
        key=found.key,
        badge=found.badge,
        unit=found.unit,
        plain=plain,
        texts=painted(found, row, view.level, top) if found.scores is not None else (),
        strongest=max(peak, key=lambda p: abs(p.score)) if peak else None,
        raises=peak[-1] if peak and peak[-1].score > 0 else None,
        lowers=peak[0] if peak and peak[0].score < 0 and not plain else None,
        residual=residual_share(found, row),
        faithfulness=found.faithfulness,
        evaluations=found.forward_passes,
        seconds=found.timings.get("explain"),
        special_share=found.checks.get("special_share") if plain else None,
        heads="relations" in found.arrays,
    )


def painted(found: Any, row: int, level: Level, top: float | None) -> tuple[PaintedText, ...]:
    """Both texts of a pair on one scale."""
    if top is None:
        top = heatmap.largest(heatmap.group_scores(found, row, level))
    texts = (("text", found.text), ("text_pair", found.text_pair))
    return tuple(
        PaintedText(part, script(text), heatmap.cells(text, found, row, level=level, top=top, part=part))
        for part, text in texts
        if text is not None
    )


def number_rows(explanations: Sequence[ExplanationOut], target: int) -> tuple[NumberRow, ...]:
    """Every score of every method that shares the first one's players."""
    scored = [found for found in explanations if found.scores is not None]
    if not scored:
        return ()
    rows = [(found, found.row(target)) for found in scored]
    return tuple(
        NumberRow(
            feature.text,
            feature.part,
            feature.known,
            tuple(
                (float(found.scores[row][k]), _error(found, row, k)) for found, row in rows if found.scores is not None
            ),
        )
        for k, feature in enumerate(scored[0].spans)
    )


def measure_rows(explanations: Sequence[ExplanationOut]) -> tuple[MeasureRow, ...]:
    """Every measure that some method has, in the library's order; the best of each, where a direction is better."""
    out = []
    for name, measure in explainers.MEASURES.items():
        values = tuple(found.checks.get(name) for found in explanations if found.scores is not None)
        there = [value for value in values if value is not None]
        if there:
            best = {"higher": max, "lower": min}.get(measure.better)
            out.append(MeasureRow(name, measure.better, values, best(there) if best and len(there) > 1 else None))
    return tuple(out)


def word_classes(panel: PanelOut) -> tuple[WordClass, ...]:
    """The class that a token classifier gives each word."""
    return tuple(
        WordClass(number, word.text, word.predicted.label, word.probability)
        for number, word in enumerate(panel.prediction.words)
    )


def words(panel: PanelOut) -> tuple[PaintedText, ...]:
    """The texts of a token classifier: a cell for each word that has a class."""
    out = []
    for part, text in (("text", panel.text), ("text_pair", panel.text_pair)):
        if text is None:
            continue
        cells, at = [], 0
        for number, word in enumerate(panel.prediction.words):
            if word.part != part or word.start < at:
                continue
            cells += [Cell(text[at : word.start])] if word.start > at else []
            cells.append(Cell(text[word.start : word.end], feature=number))
            at = word.end
        rest = [Cell(text[at:])] if at < len(text) else []
        out.append(PaintedText(part, script(text), (*cells, *rest)))
    return tuple(out)


def stretches(panel: PanelOut, target: int) -> tuple[Stretch, ...]:
    """Sentences and phrases whose words can be asked for, the strongest first; of a single text only."""
    first = panel.explanations[0] if panel.explanations else None
    if (
        first is None
        or first.players not in ("phrase", "sentence")
        or panel.text_pair is not None
        or first.focus
        or first.word is not None
    ):
        return ()
    scores = np.zeros(len(first.features)) if first.scores is None else np.asarray(first.scores[first.row(target)])
    top = heatmap.largest(scores)
    order = np.argsort(-np.abs(scores), kind="stable")
    return tuple(
        Stretch(
            feature.text, f"{feature.start}-{feature.end}", float(scores[k]), heatmap.step_of(float(scores[k]), top)
        )
        for k, feature in ((int(k), first.spans[int(k)]) for k in order)
    )


def tries(panel: PanelOut) -> tuple[int, ...]:
    """Players worth removing: those that the methods claim most of."""
    seen: list[int] = []
    for claim in panel.claims:
        if claim.player not in seen:
            seen.append(claim.player)
    return tuple(seen[:CHIPS])


def specimen(panel: PanelOut) -> tuple[PaintedText, ...]:
    """The texts with their players, unpainted."""
    if not panel.explanations:
        pair = (("text", panel.text), ("text_pair", panel.text_pair))
        return tuple(PaintedText(part, script(text), (Cell(text),)) for part, text in pair if text is not None)
    found = panel.explanations[0]
    level = heatmap.levels(found.players)
    return painted(found, 0, level[0] if level else "word", 0.0)


def _shared_tops(explanations: Sequence[ExplanationOut], view: View) -> dict[str, float]:
    """The largest score of each unit: one colour scale only among equal units, never for magnitudes."""
    tops: dict[str, float] = {}
    for found in explanations:
        if found.scores is not None and found.unit not in heatmap.MAGNITUDES:
            largest = heatmap.largest(heatmap.group_scores(found, found.row(view.target), view.level))
            tops[found.unit] = max(largest, tops.get(found.unit, 0.0))
    return tops


def _can_share(explanations: Sequence[ExplanationOut]) -> bool:
    units = [f.unit for f in explanations if f.scores is not None and f.unit not in heatmap.MAGNITUDES]
    return any(units.count(unit) > 1 for unit in units)


def residual_share(found: ExplanationOut, row: int) -> float | None:
    if found.residual is None or found.baseline_output is None or found.unit in heatmap.MAGNITUDES:
        return None
    gap = abs(float(found.output[row]) - float(found.baseline_output[row]))
    return abs(found.residual[row]) / gap if gap > 1e-9 else None


def _error(found: ExplanationOut, row: int, k: int) -> float | None:
    if found.standard_errors is None:
        return None
    error = float(found.standard_errors[row][k])
    return error if np.isfinite(error) else None
