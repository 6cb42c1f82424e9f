"""Further questions as the page shows them: each with its time, what is there of its answer, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..._library import explainers
from ...web.forms import FormError
from ..ask.arriving import Ending
from ..ask.further import Further, Stability
from ..ask.schemas import ExplanationOut, PanelOut
from . import heatmap
from . import view as views
from .findings import Findings, findings_of
from .view import MethodView, PaintedText, View

COARSER: Mapping[str, tuple[str, ...]] = {"token": ("word", "phrase", "sentence"), "word": ("phrase", "sentence")}
MOST_WORDS = 40  # whose spread is drawn, the strongest
WIDTH = 100.0  # of the drawing of a spread


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherView:
    """`row` and `findings` are the answer; `state` is that of one under way, with the share that is done."""

    method: str
    players: str | None
    seconds: float
    opened: bool
    row: MethodView | None
    pair: bool
    findings: Findings | None
    address: str | None  # of the answer's own page
    heads: str | None  # of the page of its attention heads
    state: Ending | None
    share: float
    error: FormError | None
    coarser: Sequence[str]  # parts to ask by where there are too many

    @property
    def is_coming(self) -> bool:
        return self.state == "running"


def further_view(
    asked: Further,
    *,
    target: int,
    players: str,
    refused: FormError | None,
    coming_error: FormError | None,
) -> FurtherView:
    """target: the class that the page shows. players: the parts of the page."""
    answer, coming = asked.answer, asked.coming
    error = refused or coming_error
    return FurtherView(
        method=asked.method,
        players=asked.players,
        seconds=asked.seconds if answer is None else answer.timings.get("explain", asked.seconds),
        opened=asked.opened,
        row=None if answer is None else _row(answer, target),
        pair=answer is not None and answer.text_pair is not None,
        findings=None if answer is None else findings_of((answer,), _covered(answer, target)),
        address=None if answer is None else f"/explanations/{answer.key}",
        heads=None if answer is None or "relations" not in answer.arrays else f"/explanations/{answer.key}/attention",
        state=None if coming is None else coming.state,
        share=0.0 if coming is None else coming.share,
        error=error,
        coarser=COARSER.get(asked.players or players, ()) if error and error.code == "incompatible" else (),
    )


def _row(answer: ExplanationOut, target: int) -> MethodView:
    offered = heatmap.levels(answer.players)
    view = View(target=_covered(answer, target), level=offered[0] if offered else "word", scale="own")
    return views.method_view(answer, view)


def _covered(answer: ExplanationOut, target: int) -> int:
    """The class of the page, or the predicted one where the answer leaves that out."""
    return target if any(each.index == target for each in answer.targets) else answer.target.index


@dataclass(frozen=True, slots=True)
class WordSpread:
    """Scores of a part over the seeds, with their places in a drawing that is WIDTH wide; `zero` is that of 0."""

    text: str
    mean: float
    low: float
    high: float
    left: float
    right: float
    dot: float
    zero: float
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingRow:
    """A method whose scores differ from seed to seed: painted is the mean over them."""

    method: str
    texts: tuple[PaintedText, ...]
    unit: str
    plain: bool
    tau: float | None
    strongest: str | None
    times: int  # runs in which it is the strongest
    turned: tuple[str, ...]
    words: tuple[WordSpread, ...]
    left_out: int  # words whose spread is not drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRow:
    """A method under other baselines: the rank correlation with the page, and the strongest word, of each."""

    method: str
    found: tuple[tuple[float | None, str | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StabilityView:
    """`runs` are those of a seed, the page among them; `still` are methods that no seed moves."""

    seconds: float
    opened: bool
    state: Ending | None
    share: float
    error: FormError | None
    runs: int
    moving: tuple[MovingRow, ...]
    still: tuple[str, ...]
    baseline: str | None  # of the page
    baselines: tuple[str, ...]
    varied: tuple[BaselineRow, ...]

    @property
    def is_coming(self) -> bool:
        return self.state == "running"

    @property
    def is_answered(self) -> bool:
        return self.runs > 1 and not self.is_coming


def stability_view(
    asked: Stability, panel: PanelOut, target: int, *, refused: FormError | None, coming_error: FormError | None
) -> StabilityView:
    """target: the class that the page shows."""
    own = {found.method.name: found for found in panel.explanations if found.scores is not None}
    seeds = {name: [found, *_of_other_seeds(asked, name)] for name, found in own.items()}
    known = {name: _spread(answers, target) for name, answers in seeds.items()}
    moving = [_moving(own[name], it, target) for name, it in known.items() if it and not it.still]
    baselines = tuple(rule for rule in asked.answers if isinstance(rule, str))
    running = any(each.state == "running" for each in asked.coming)
    ended = next((each.state for each in asked.coming), None)
    return StabilityView(
        seconds=asked.seconds,
        opened=asked.opened,
        state="running" if running else ended,
        share=(len(asked.answers) + sum(each.share for each in asked.coming)) / max(1, asked.wanted),
        error=refused or coming_error,
        runs=1 + asked.seeds,
        moving=tuple(moving),
        still=tuple(name for name, it in known.items() if it and it.still),
        baseline=next((found.baseline for found in own.values() if found.baseline), None),
        baselines=baselines,
        varied=tuple(_varied(asked, found, baselines, target) for found in own.values()) if baselines else (),
    )


def _of_other_seeds(asked: Stability, method: str) -> list[ExplanationOut]:
    """Answers of one method with other seeds."""
    found = (each for rule, answer in asked.answers.items() if isinstance(rule, int) for each in answer)
    return [each for each in found if each.method.name == method and each.scores is not None]


def _spread(answers: Sequence[ExplanationOut], target: int) -> explainers.Spread | None:
    """None where there is but one answer, or they cannot be compared."""
    try:
        return explainers.spread(answers, _covered(answers[0], target))
    except (explainers.BadInput, KeyError):
        return None


def _moving(found: ExplanationOut, known: explainers.Spread, target: int) -> MovingRow:
    row = found.row(_covered(found, target))
    mean = known.scores.mean(axis=0)
    scores = np.array(found.scores, dtype=np.float64)
    scores[row] = mean
    offered = heatmap.levels(found.players)
    middle = found.model_copy(update={"scores": scores})
    texts = [feature.text for feature in found.spans]
    return MovingRow(
        method=found.method.name,
        texts=views.painted(middle, row, offered[0] if offered else "word", None),
        unit=found.unit,
        plain=found.unit in heatmap.MAGNITUDES,
        tau=known.least_tau,
        strongest=None if known.strongest is None else texts[known.strongest],
        times=known.times,
        turned=tuple(texts[k] for k in known.turned),
        words=_word_spreads(texts, known),
        left_out=max(0, len(texts) - MOST_WORDS),
    )


def _word_spreads(texts: Sequence[str], known: explainers.Spread) -> tuple[WordSpread, ...]:
    """The strongest words first, all on one scale that holds 0."""
    mean, low, high = known.scores.mean(axis=0), known.low, known.high
    least, most = min(0.0, float(low.min())), max(0.0, float(high.max()))
    top, width = heatmap.largest(mean), (most - least) or 1.0

    def place(value: float) -> float:
        return WIDTH * (value - least) / width

    order = np.argsort(-np.abs(mean), kind="stable")[:MOST_WORDS]
    return tuple(
        WordSpread(
            texts[k], float(mean[k]), float(low[k]), float(high[k]),
            place(float(low[k])), place(float(high[k])), place(float(mean[k])), place(0.0),
            heatmap.step_of(float(mean[k]), top),
        )
        for k in map(int, order)
    )  # fmt: skip


def _varied(asked: Stability, own: ExplanationOut, baselines: Sequence[str], target: int) -> BaselineRow:
    def against(baseline: str) -> tuple[float | None, str | None]:
        other = next((each for each in asked.answers[baseline] if each.method.name == own.method.name), None)
        known = None if other is None else _spread([own, other], target)
        if known is None:
            return None, None
        sizes = np.abs(known.scores[1])
        return known.least_tau, own.spans[int(sizes.argmax())].text if sizes.any() else None

    return BaselineRow(method=own.method.name, found=tuple(map(against, baselines)))
