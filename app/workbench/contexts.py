"""Contexts of the pages of the workbench."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..datasets.browsing.contexts import Line
from ..datasets.schemas import DatasetOut
from ..engine.schemas import ModelOut
from ..jobs.schemas import JobOut
from ..web.forms import FormError
from ..web.words import N_
from .drawing import Curve, Dot, Map, Piece
from .schemas import BenchOut, BenchRow, Wish
from .stored import FiguresOut
from .study.language import Condition, read
from .study.saying import TAG_NAMES, Translate, said

ACTIONS: Mapping[str, str] = {
    "relabel": N_("relabel"),
    "drop": N_("drop"),
    "keep": N_("keep"),
    "note": N_("note"),
}
MOST_COLUMNS = 8  # of a matrix in the head of the page


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition of the selection, and the address without it."""

    condition: Condition
    address: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A row with its painted text."""

    row: BenchRow
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchPage:
    dataset: DatasetOut
    job: JobOut | None  # one that is under way or failed
    under_way: bool
    error: FormError | None
    wish: Wish
    bench: BenchOut | None  # None before there is anything to see
    headline: str  # the slice that the head of the page names; empty: none is confirmed
    models: Sequence[ModelOut]
    rows: Sequence[Shown]
    total: int
    following: int | None
    chips: Sequence[Chip]
    slice_name: str
    typed: str  # conditions that were typed and refused
    matrix: Sequence[Line]
    columns: Sequence[str]
    calibration: tuple[Curve, tuple[Dot, ...]] | None
    calibration_whole: tuple[Curve, tuple[Dot, ...]] | None
    histogram: Sequence[tuple[float, float, float, float]]
    costs: Curve | None
    cost_at: tuple[float, float, float, float] | None  # places of the chosen threshold and of the cheapest one
    ranking: tuple[str, str] | None
    lengths: Curve | None
    whiskers: Sequence[tuple[float, float, float, float]]
    map: Map | None
    here: str  # the query of this page
    has_pdf: bool
    examples: Mapping[str, Sequence[Shown]]  # key of a found slice → rows of it
    at: Callable[..., str]  # this page with some of the wish changed
    cell: Callable[[str, str], str]  # the rows of a field of the matrix
    narrow: Callable[[str], str]  # the page with a condition more


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitPage:
    dataset: DatasetOut
    job: JobOut | None
    under_way: bool
    models: Sequence[ModelOut]
    detail: str


def filters(translate: Translate) -> dict[str, Callable[..., str]]:
    """Filters of the templates: `statement|said_slice`, `condition|said_condition`, `name|tag_name`."""
    return {
        "said_slice": lambda statement, clusters=(): said(read(statement), translate, clusters),
        "said_condition": lambda condition, clusters=(): said(condition, translate, clusters),
        "signed_points": lambda points: f"{'−' if points < -0.05 else '+' if points > 0.05 else ''}{abs(points):.1f}",
        "wrong_of": lambda figures: _wrong_of(figures, translate),
        "p_value": lambda p: "< 0.001" if p < 0.001 else f"{p:.3f}",
        "tag_name": lambda name: translate(TAG_NAMES[name]) if name in TAG_NAMES else name,
        "action_name": lambda name: translate(ACTIONS[name]) if name in ACTIONS else name,
    }


def _wrong_of(figures: FiguresOut, translate: Translate) -> str:
    wrong = 0 if figures.accuracy is None else round(figures.n * (1 - figures.accuracy))
    return translate(N_("%(k)s of %(n)s")).replace("%(k)s", str(wrong)).replace("%(n)s", str(figures.n))
