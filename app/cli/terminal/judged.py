"""A file with labels, and what a model says of every row: for the commands that ask where a model fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
import typer

from ..._library import explainers
from ...audit.data.values import Floats
from ...datasets.reading.files import FileRows, read_file
from ...datasets.reading.parsing import Row
from ...datasets.reading.schemas import Mapping
from ...workbench.study.frame import Frame
from ...workbench.study.judging import frame_of
from .progress import bar
from .registered import find_model
from .trouble import Mistake, one_line

TOGETHER = 512  # rows asked at once
Text = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the texts; by default guessed.")]
Pair = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the second texts.")]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="Column of the labels; by default guessed.")]
Group = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Column to slice by; may be repeated.")]


def labelled(
    file: Path, *, text: str | None, pair: str | None, label: str | None, groups: Sequence[str]
) -> tuple[Row, ...]:
    """The rows that can be read; stderr is told of the others. Raises Mistake for a file without labels."""
    if text is None and (pair or label or groups):
        raise Mistake("columns are named, but not that of the text; add --text COLUMN, or name none")
    mapping = None if text is None else Mapping(text=text, text_pair=pair, label=label, groups=tuple(groups))
    read = read_telling(file, mapping)
    rows = read.rows
    if not any(row.label is not None for row in rows):
        column = f"the column {label!r}" if label else "no column"
        listed = ", ".join(each.name for each in read.columns)
        raise Mistake(f"{file}: {column} holds labels; name one with --text COLUMN --label COLUMN, of {listed}")
    return rows


def read_telling(file: Path, mapping: Mapping | None) -> FileRows:
    """The file's rows; stderr is told its notes, and how many rows cannot be read."""
    read = read_file(file, mapping=mapping)
    for note in read.notes:
        print(f"whence: {file}: {note}", file=sys.stderr)
    if (bad := read.bad).count:
        print(f"whence: {bad.count:,} rows cannot be read; {one_line(next(bad.told(1)))}", file=sys.stderr)
    return read


def asked(model: str) -> explainers.Model:
    """Raises Mistake for a model that says no class of a whole text."""
    found = find_model(model)
    if found.head not in ("single", "multi") or found.task != "text":
        raise Mistake(f"{model} says no class of a whole text; choose a classifier")
    return found


def judged(rows: Sequence[Row], model: explainers.Model) -> Frame:
    """The predictions for all rows; a row that the model cannot read is left without one."""
    frame = frame_of(rows, model.labels, model.head, np.concatenate(list(in_parts(rows, model))))
    if not frame.judged.any():
        known = ", ".join(model.labels[:20])
        raise Mistake(f"no label of the file is a class of {model.id}, which says: {known}")
    return frame


class Asked(Protocol):
    """A row that a model is asked about."""

    @property
    def text(self) -> str: ...
    @property
    def text_pair(self) -> str | None: ...
    @property
    def line(self) -> int: ...


def in_parts(rows: Sequence[Asked], model: explainers.Model, *, states: bool = False) -> Iterator[Floats]:
    """`scores_of` a few rows at a time, while a bar shows how many are done."""
    with bar(model.id) as progress:
        for start in range(0, len(rows), TOGETHER):
            progress(start / len(rows), f"{start:,} of {len(rows):,} rows")
            yield scores_of(rows[start : start + TOGETHER], model, states=states)


def scores_of(rows: Sequence[Asked], model: explainers.Model, *, states: bool = False) -> Floats:
    """Logits, and with `states` what the head reads behind them; NaN for a row that the model cannot read."""
    texts = [row.text if row.text_pair is None else (row.text, row.text_pair) for row in rows]
    try:
        return model.states(texts) if states else model.scores(texts)
    except explainers.BadInput as error:
        if len(rows) == 1:
            print(f"whence: line {rows[0].line}: {one_line(str(error))}", file=sys.stderr)
            return np.full((1, len(model.labels)), np.nan)
        half = len(rows) // 2
        parts = [scores_of(part, model, states=states) for part in (rows[:half], rows[half:])]
        width = max(part.shape[1] for part in parts)
        return np.concatenate([widened(part, width) for part in parts])


def widened(part: Floats, width: int) -> Floats:
    """Rows of this width: of rows that the model cannot read it is not known, and they are NaN."""
    return np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=np.nan)
