"""Further questions as the page shows them: each with its time, what is there of its answer, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...web.forms import FormError
from ..ask.arriving import Ending
from ..ask.further import Further
from ..ask.schemas import ExplanationOut
from . import heatmap
from . import view as views
from .findings import Findings, findings_of
from .view import MethodView, View

COARSER: Mapping[str, tuple[str, ...]] = {"token": ("word", "phrase", "sentence"), "word": ("phrase", "sentence")}


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
