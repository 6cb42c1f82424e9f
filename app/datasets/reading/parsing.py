"""From a file to rows. Pure: nothing here knows of a database. Never imported by the web process's start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from ...errors import BadFile
from . import columns
from .delimited import open_delimited
from .faults import said
from .jsonlines import open_json_lines
from .limits import Limits
from .parquet import open_parquet
from .records import Entry, Opened
from .schemas import Column, Fault, Form, Mapping, Note

PARQUET_MAGIC = b"PAR1"
OPENERS = {"csv": open_delimited, "jsonl": open_json_lines, "parquet": open_parquet}
FORMS: dict[str, Form] = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl",
    ".json": "jsonl", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    text: str
    text_pair: str | None = None
    label: str | None = None
    groups: dict[str, str] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the first rows say; `rows` reads the file from its start."""

    columns: tuple[Column, ...]
    mapping: Mapping
    notes: tuple[Note, ...]
    rows: Iterator[Row | Fault]


class NoText(BadFile):
    """No column was guessed to be the text: `columns` are there to choose from."""

    def __init__(self, found: tuple[Column, ...]) -> None:
        super().__init__("no column holds text that could be read", cure="Choose the column of the text.")
        self.columns = found


def form_of(path: Path, name: str) -> Form:
    """By its first bytes, else by the ending of its name, else as CSV."""
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    by_name = FORMS.get(Path(name).suffix.lower(), "csv")
    if by_name == "parquet":
        raise BadFile(
            "the file is called Parquet but is none: it does not begin with PAR1", cure="Send the file itself."
        )
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else by_name


def parse(path: Path, form: Form, *, mapping: Mapping | None = None, limits: Limits | None = None) -> Parsed:
    """Opens a file and guesses its mapping unless one is given. Raises BadFile."""
    limits = limits or Limits()
    opened = OPENERS[form](path, limits)
    first = list(islice(opened.entries, limits.sample))
    sample = [entry for entry in first if isinstance(entry, Entry)]
    if not first:
        raise BadFile("the file has no rows below its first line", cure="Send a file with rows.")
    if not sample:
        raise BadFile(_none_readable(first), cure="Mend the file and send it again.")
    found = columns.describe(opened.columns, sample)
    if mapping is None:
        mapping = columns.guess(found, sample, limits)
        if mapping is None:
            raise NoText(found)
    columns.check(mapping, opened.columns)
    return Parsed(found, mapping, opened.notes, _rows(first, opened, mapping, limits))


def _none_readable(first: list[Entry | Fault]) -> str:
    fault = said(next(entry for entry in first if isinstance(entry, Fault)))
    return f"none of the first {len(first):,} rows can be read; line {fault.line:,}: {fault.reason} {fault.cure}"


def _rows(first: list[Entry | Fault], opened: Opened, mapping: Mapping, limits: Limits) -> Iterator[Row | Fault]:
    for entry in first:
        yield entry if isinstance(entry, Fault) else row_of(entry, mapping, limits)
    for entry in opened.entries:
        yield entry if isinstance(entry, Fault) else row_of(entry, mapping, limits)


def row_of(entry: Entry, mapping: Mapping, limits: Limits) -> Row | Fault:
    """A row under a mapping, or what is wrong with it."""
    try:
        text = _text(entry, mapping.text, limits)
        if not text.strip():
            return Fault(line=entry.line, code="no_text")
        pair = _text(entry, mapping.text_pair, limits, optional=True) if mapping.text_pair else ""
        label = _short(entry, mapping.label, limits) if mapping.label else None
        groups = {name: value for name in mapping.groups if (value := _short(entry, name, limits)) is not None}
        name = _short(entry, mapping.id, limits) if mapping.id else None
    except _Wrong as error:
        return Fault(line=entry.line, code=error.code, value=error.value)
    return Row(entry.line, text, pair if pair.strip() else None, label, groups, name)


class _Wrong(Exception):
    def __init__(self, code: str, value: str) -> None:
        super().__init__(code)
        self.code = code
        self.value = value


def _text(entry: Entry, name: str, limits: Limits, *, optional: bool = False) -> str:
    if name not in entry.values and not optional:
        raise _Wrong("missing", name)
    value = _scalar(entry.values.get(name), name)
    text = value or ""
    if len(text) > limits.text:
        raise _Wrong("long_text", f"{len(text):,}")
    return text


def _short(entry: Entry, name: str, limits: Limits) -> str | None:
    value = _scalar(entry.values.get(name), name)
    if value is None or not value.strip():
        return None
    if len(value) > limits.label:
        raise _Wrong("long_label", f"{len(value):,}")
    return value.strip()


def _scalar(value: Any, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    raise _Wrong("kind", name)
