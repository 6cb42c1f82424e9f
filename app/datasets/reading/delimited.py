"""CSV and its relatives: separated by comma, semicolon, tab or bar, with the columns' names in the first line."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from itertools import islice

from ...errors import BadFile
from .decoding import Source, encoding_of
from .dialects import LOOKED_AT, Cells, Layout, layout_of, rows_of
from .headers import names_columns, positions
from .limits import Limits
from .lines import Lines
from .records import UNREADABLE, Entry, Opened, column_names
from .schemas import Fault, Note


def open_delimited(source: Source, limits: Limits, named: Collection[str] = ()) -> Opened:
    """Raises BadFile."""
    encoding = encoding_of(source)
    csv.field_size_limit(limits.cell)
    layout = layout_of(source, encoding, limits)
    first, *rows = _head(source, layout, limits)
    if isinstance(first, Fault):
        raise BadFile(
            f"the first line, which names the columns, cannot be read: {first.value or 'a quote is not closed'}",
            cure="Put the names of the columns into the first line, such as: text,label",
        )
    found = names_columns(first.values, [row.values for row in rows if isinstance(row, Cells)], named)
    names, notes = column_names(positions(len(first.values)) if found is False else first.values, limits)
    if found is False:
        notes = (*notes, Note(code="headerless", value=_quoted(first)))
    if found is None:
        notes = (*notes, Note(code="header_assumed", value=_quoted(first)))
    if layout.dialect.separator == "\t" and not layout.dialect.quoted:
        notes = (*notes, Note(code="unquoted"))
    entries = _entries(source, layout, names, limits, named=found is not False)
    return Opened(names, entries, notes)


def _head(source: Source, layout: Layout, limits: Limits) -> list[Cells | Fault]:
    """The first rows. Raises BadFile where there is none."""
    with layout.open(source) as file:
        lines = Lines(islice(file, LOOKED_AT + layout.skip))
        for _ in islice(lines, layout.skip):
            pass
        rows = list(rows_of(lines, layout.dialect, limits))
    if not rows:
        raise BadFile("the file has no rows", cure="Send a file with a first line that names the columns, and rows.")
    return rows


def _quoted(row: Cells) -> str:
    return ", ".join(cell[:40] for cell in row.values[:4])


def _entries(
    source: Source, layout: Layout, names: tuple[str, ...], limits: Limits, *, named: bool
) -> Iterator[Entry | Fault]:
    """The rows below the names, or all where the file names no columns."""
    csv.field_size_limit(limits.cell)
    with layout.open(source) as file:
        lines = Lines(file)
        for _ in islice(lines, layout.skip):
            pass
        rows = rows_of(lines, layout.dialect, limits, width=len(names))
        for row in islice(rows, 1 if named else 0, None):
            yield row if isinstance(row, Fault) else _entry(row, names)


def _entry(row: Cells, names: tuple[str, ...]) -> Entry | Fault:
    if len(row.values) != len(names):
        return Fault(line=row.line, code="width", value=f"{len(row.values)} ≠ {len(names)}")
    if any(UNREADABLE.search(cell) for cell in row.values):
        return Fault(line=row.line, code="nul")
    return Entry(row.line, dict(zip(names, row.values, strict=True)))
