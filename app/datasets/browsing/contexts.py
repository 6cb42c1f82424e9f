"""Contexts of the pages of data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ...engine.schemas import ModelOut
from ...jobs.schemas import JobOut
from ...web.forms import FormError
from ...web.words import N_
from ..reading.faults import FAULTS, NOTES
from ..reading.forms.headers import positions
from ..reading.schemas import Column, FaultOut, NoteOut
from ..schemas import CellOut, DatasetOut, RowsOut, RunOut, SummaryOut, WordOut
from .browse import Filters
from .trail import Trail

MOST_CLASSES = 12  # of a matrix that is drawn
MOST_WORDS = 12
MOST_LABELS = 8  # that a notice names
POSITION = N_(
    "The labels are numbers and were taken for the classes in the order of the model: %(value)s. If they mean others, "
    "say so below under “Columns”."
)
UNMATCHED = N_(
    "No class of the model is called %(value)s: rows with such a label count neither as right nor as wrong. Say below, "
    "under “Columns”, which class is meant."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    datasets: Sequence[DatasetOut]
    next: str | None
    error: FormError | None
    megabytes: int  # of a file at most


@dataclass(frozen=True, slots=True)
class Wrong:
    """A row that could not be read, in words of the catalogue."""

    line: int
    until: int | None
    reason: str
    cure: str
    value: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of the confusion matrix; `step` is its share of the row, in fifths."""

    predicted: str
    rows: int
    share: float
    step: int


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    rows: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Words:
    label: str
    words: tuple[WordOut, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetPage:
    dataset: DatasetOut
    job: JobOut | None  # one that is under way or failed
    under_way: bool
    models: Sequence[ModelOut]
    model: str  # whose predictions are shown; empty: none
    predicting: int | None  # rows that are predicted, while it goes on
    filters: Filters
    search: str
    rows: RowsOut | None
    paged: bool
    labels: Sequence[str]
    classes: Sequence[str]
    summary: SummaryOut | None
    matrix: Sequence[Line]
    columns: Sequence[str]  # of the matrix
    words: Sequence[Words]
    wrong: Sequence[Wrong]
    notes: Sequence[tuple[str, str]]  # message and value
    choices: Sequence[Column]  # that may be chosen for a use
    error: FormError | None
    at: Callable[..., str]  # the page with some filters changed
    query: Callable[..., str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """A row that nothing has explained yet."""

    trail: Trail
    models: Sequence[ModelOut]


def wrong_rows(found: Sequence[FaultOut]) -> tuple[Wrong, ...]:
    return tuple(Wrong(fault.line, fault.until, *FAULTS[fault.code], fault.value) for fault in found)


def notes_of(found: Sequence[NoteOut]) -> tuple[tuple[str, str], ...]:
    return tuple((NOTES[note.code], note.value) for note in found)


def matching_of(run: RunOut | None) -> tuple[tuple[str, str], ...]:
    """Which labels were not matched with a class, or only by their number."""
    if run is None or len(run.labels) < 2:
        return ()
    found = []
    if run.matched_by == "position":
        pairs = [f"{label} = {name}" for label, name in run.matched.items()]
        found.append((POSITION, _listed(pairs)))
    if run.unmatched:
        found.append((UNMATCHED, _listed(run.unmatched)))
    return tuple(found)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_LABELS]) + (" …" if len(names) > MOST_LABELS else "")


def choices_of(dataset: DatasetOut) -> tuple[Column, ...]:
    """The columns of the file; where its first line may be a row, also those that are called by their place."""
    assumed = any(note.code == "header_assumed" for note in dataset.notes)
    return dataset.columns + tuple(Column(name=name) for name in positions(len(dataset.columns) if assumed else 0))


def matrix_of(cells: Sequence[CellOut], classes: Sequence[str]) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """Lines and columns, those with the most rows where there are too many to draw."""
    table: dict[str, dict[str, int]] = {}
    labels: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    for cell in cells:
        table.setdefault(cell.label, {})[cell.predicted] = cell.rows
        labels[cell.label] += cell.rows
        predicted[cell.predicted] += cell.rows
        if cell.label in classes:
            predicted[cell.label] += 0
    shown = sorted(name for name, _ in predicted.most_common(MOST_CLASSES))
    drawn = sorted(name for name, _ in labels.most_common(MOST_CLASSES))
    return tuple(_line(label, table[label], shown) for label in drawn), tuple(shown)


def words_of(found: Sequence[WordOut]) -> tuple[Words, ...]:
    by_class: dict[str, list[WordOut]] = {}
    for word in found:
        by_class.setdefault(word.label, []).append(word)
    return tuple(Words(label, tuple(words[:MOST_WORDS])) for label, words in list(by_class.items())[:MOST_CLASSES])


def steps(found: Mapping[str, int], total: int) -> Mapping[str, int]:
    return {name: min(5, -(-5 * rows // total)) if total else 0 for name, rows in found.items()}


def _line(label: str, found: Mapping[str, int], shown: Sequence[str]) -> Line:
    total = sum(found.values())
    step = steps(found, total)
    cells = tuple(
        Cell(name, found.get(name, 0), found.get(name, 0) / total if total else 0.0, step.get(name, 0))
        for name in shown
    )
    return Line(label, total, cells)
