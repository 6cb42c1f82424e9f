"""From a file to rows. Pure: nothing here knows of a database. Never imported by the web process's start."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from ...errors import BadFile
from . import columns
from .cells import NotPlain, name_of, text_of
from .faults import told
from .forms.decoding import Source, open_bytes
from .forms.delimited import open_delimited
from .forms.jsonlines import open_json_lines
from .forms.parquet import open_parquet
from .limits import Limits
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
    """A file as its first rows describe it; `rows` reads the file from its start."""

    columns: tuple[Column, ...]
    mapping: Mapping
    notes: tuple[Note, ...]
    rows: Iterator[Row | Fault]


class NoText(BadFile):
    """No column was guessed to be the text: `columns` are there to choose from."""

    def __init__(self, found: tuple[Column, ...]) -> None:
        nested = next((column.name for column in found if column.nested), None)
        why = f": the column {nested[:80]!r} holds lists, objects or bytes" if nested else ""
        super().__init__(f"no column holds text that could be read{why}", cure="Choose the column of the text.")
        self.columns = found


def form_of(source: Source, name: str) -> Form:
    """By its first bytes, else by the ending of its name, else as CSV."""
    with open_bytes(source) as file:
        head = file.read(64)
    if head.startswith(PARQUET_MAGIC):
        return "parquet"
    by_name = FORMS.get(Path(name).suffix.lower(), "csv")
    if by_name == "parquet":
        raise BadFile(
            "the file is called Parquet but is none: it does not begin with PAR1", cure="Send the file itself."
        )
    return "jsonl" if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else by_name


def parse(
    source: Source,
    form: Form,
    *,
    mapping: Mapping | None = None,
    optional: Collection[str] = (),
    limits: Limits | None = None,
) -> Parsed:
    """Opens a file and guesses its mapping unless one is given. Raises BadFile.

    optional: columns of the mapping that the file need not have.
    """
    limits = limits or Limits()
    named = () if mapping is None else [name for name in columns.used(mapping) if name not in optional]
    opened = OPENERS[form](source, limits, named)
    first = list(islice(opened.entries, limits.sample))
    sample = [entry for entry in first if isinstance(entry, Entry)]
    if not first:
        raise BadFile("the file has no rows below its first line", cure="Send a file with rows.")
    if not sample:
        raise BadFile(_none_readable(first), cure="Correct the file and send it again.")
    found = columns.describe(opened.columns, sample)
    if mapping is None:
        headerless = any(note.code == "headerless" for note in opened.notes)
        mapping = columns.guess(found, sample, limits, headerless=headerless)
        if mapping is None:
            raise NoText(found)
    columns.check(mapping, (*opened.columns, *optional))
    nested = tuple(Note(code="nested", value=column.name) for column in found if column.nested)
    return Parsed(found, mapping, opened.notes + nested, _rows(first, opened, mapping, limits))


def _none_readable(first: list[Entry | Fault]) -> str:
    fault = next(entry for entry in first if isinstance(entry, Fault))
    return f"none of the first {len(first):,} rows can be read; {told(fault).removesuffix('.')}"


def _rows(first: list[Entry | Fault], opened: Opened, mapping: Mapping, limits: Limits) -> Iterator[Row | Fault]:
    for entry in chain(first, opened.entries):
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
        name = _cell(entry, mapping.id, limits) if mapping.id else None
    except _Wrong as error:
        return Fault(line=entry.line, code=error.code, value=error.value)
    if label is not None:
        label = mapping.classes.get(label, label)
    return Row(entry.line, text, pair if pair.strip() else None, label, groups, name)


class _Wrong(Exception):
    def __init__(self, code: str, value: str) -> None:
        super().__init__(code)
        self.code = code
        self.value = value


def _text(entry: Entry, name: str, limits: Limits, *, optional: bool = False) -> str:
    if name not in entry.values and not optional:
        raise _Wrong("missing", name)
    text = _plain(entry, name) or ""
    if len(text) > limits.text:
        raise _Wrong("long_text", f"{len(text):,}")
    return text


def _short(entry: Entry, name: str, limits: Limits) -> str | None:
    """A label or the value of a group; None where the cell is empty."""
    value = _cell(entry, name, limits)
    return None if value is None else name_of(value)


def _cell(entry: Entry, name: str, limits: Limits) -> str | None:
    value = (_plain(entry, name) or "").strip()
    if len(value) > limits.label:
        raise _Wrong("long_label", f"{len(value):,}")
    return value or None


def _plain(entry: Entry, name: str) -> str | None:
    try:
        return text_of(entry.values.get(name))
    except NotPlain:
        raise _Wrong("kind", name) from None
