"""The rows of a file that a plan names, read as data sets read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ...datasets.reading.faults import said, said_note, told
from ...datasets.reading.files import refused
from ...datasets.reading.limits import Limits
from ...datasets.reading.parsing import Parsed, Row, form_of, parse
from ...datasets.reading.report import BadRows
from ...datasets.reading.schemas import Fault, FaultOut, Mapping, NoteOut
from ...errors import BadRequest

LARGEST = 200_000_000  # bytes of a file
LISTED = 20  # bad rows that a report lists
SILENT = ("nested", "headerless", "header_assumed")  # notes of other columns, and those that quote a row


@dataclass(frozen=True, slots=True)
class Columns:
    text: str
    label: str | None
    groups: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()  # of the groups: columns that the file need not have


def rows_of(path: Path, columns: Columns) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """The rows by the names of their columns, an empty text where a cell has no value; and what is to be told of the
    file: how many rows could not be read, the first of them, and what was assumed. Raises BadRequest."""
    with refused(path):
        if path.stat().st_size > LARGEST:
            raise BadRequest(f"{path} has more than {LARGEST // 1_000_000} MB", cure="Upload it as a data set.")
        parsed, bad = _parsed(path, columns), BadRows(LISTED)
        rows = [_values(row, columns) for row in parsed.rows if not _is_bad(row, bad)]
    return rows, facts_of(bad.count, map(said, bad.listed), map(said_note, parsed.notes))


def facts_of(bad_rows: int, listed: Iterable[FaultOut], notes: Iterable[NoteOut]) -> dict[str, Any]:
    """The facts of the file that a report holds."""
    return {
        "bad_rows": bad_rows,
        "listed": [told(fault) for fault in islice(listed, LISTED)],
        "notes": [note.text for note in notes if note.code not in SILENT],
    }


def _parsed(path: Path, columns: Columns) -> Parsed:
    """Raises BadFile, OSError."""
    groups = tuple(dict.fromkeys(columns.groups))
    mapping = Mapping(text=columns.text, label=columns.label).model_copy(update={"groups": groups})  # any number
    limits = replace(Limits(), groups=len(groups))
    return parse(path, form_of(path, path.name), mapping=mapping, optional=columns.optional, limits=limits)


def _is_bad(row: Row | Fault, bad: BadRows) -> bool:
    if isinstance(row, Fault):
        bad.add(row)
    return isinstance(row, Fault)


def _values(row: Row | Fault, columns: Columns) -> dict[str, str]:
    assert isinstance(row, Row)
    label = {} if columns.label is None else {columns.label: row.label or ""}
    return {columns.text: row.text, **label, **{name: row.groups.get(name, "") for name in columns.groups}}
