"""CSV and its relatives: separated by comma, semicolon, tab or bar, with the columns' names in the first line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ...errors import BadFile
from .decoding import encoding_of
from .limits import Limits
from .records import Entry, Opened, column_names
from .schemas import Fault, Note

SEPARATORS = (",", "\t", ";", "|")
LOOKED_AT = 200  # lines
PLAIN_NAME = 200  # characters; a longer name of a column is rather a row
UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Dialect:
    separator: str
    quoted: bool

    def reader(self, lines: Iterable[str]) -> Any:
        if self.quoted:
            return csv.reader(lines, delimiter=self.separator, strict=True)
        return csv.reader(lines, delimiter=self.separator, quoting=csv.QUOTE_NONE)


def open_delimited(path: Path, limits: Limits) -> Opened:
    """Raises BadFile."""
    encoding = encoding_of(path)
    csv.field_size_limit(limits.cell)
    with path.open(encoding=encoding, newline="") as file:
        dialect = _dialect([_line(file, limits) for _ in range(LOOKED_AT)])
    header = _header(path, encoding, dialect, limits)
    names, notes = column_names(header, limits)
    if dialect.separator == "\t" and not dialect.quoted:
        notes = (*notes, Note(code="unquoted"))
    return Opened(names, _entries(path, encoding, dialect, names, limits), notes)


def _line(file: IO[str], limits: Limits) -> str:
    line = file.readline(limits.line + 1)
    if len(line) > limits.line:
        raise BadFile(
            f"a line near the start has over {limits.line:,} characters",
            cure="Send CSV with one row a line, JSONL or Parquet.",
        )
    return line


def _header(path: Path, encoding: str, dialect: Dialect, limits: Limits) -> list[str]:
    with path.open(encoding=encoding, newline="") as file:
        try:
            header: list[str] = next((row for row in dialect.reader(file) if row), [])
        except csv.Error as error:
            raise BadFile(f"the first line cannot be read: {error}") from error
    if not header or any(len(name) > PLAIN_NAME for name in header):
        raise BadFile(
            "the first line does not name the columns",
            cure="Put a first line before the rows, such as: text,label",
        )
    return header


def _dialect(lines: list[str]) -> Dialect:
    """The separator by which most of the first lines have as many fields as the first one."""
    tried = [Dialect(separator, quoted=True) for separator in SEPARATORS] + [Dialect("\t", quoted=False)]
    return max(tried, key=lambda each: _agreement(each, lines))


def _agreement(dialect: Dialect, lines: list[str]) -> tuple[int, int, bool]:
    reader = dialect.reader(islice(lines, len(lines)))
    width = agreeing = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error:
            agreeing -= 1
            continue
        width = width or len(row)
        agreeing += len(row) == width > 1
    return agreeing, width if width > 1 else 0, dialect.quoted


def _entries(
    path: Path, encoding: str, dialect: Dialect, names: tuple[str, ...], limits: Limits
) -> Iterator[Entry | Fault]:
    csv.field_size_limit(limits.cell)
    with path.open(encoding=encoding, newline="") as file:
        reader = dialect.reader(file)
        next((row for row in reader if row), None)
        line = reader.line_num + 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield _misread(line, reader.line_num, str(error), limits)
            else:
                if row:
                    yield _entry(line, row, names)
            line = reader.line_num + 1


def _entry(line: int, row: list[str], names: tuple[str, ...]) -> Entry | Fault:
    if len(row) != len(names):
        return Fault(line=line, code="width", value=f"{len(row)} ≠ {len(names)}")
    if any(UNREADABLE.search(cell) for cell in row):
        return Fault(line=line, code="nul")
    return Entry(line, dict(zip(names, row, strict=True)))


def _misread(line: int, last: int, error: str, limits: Limits) -> Fault:
    if "field limit" in error:
        return Fault(line=line, code="long_cell", value=f"{limits.cell:,}", until=last)
    if "NUL" in error:
        return Fault(line=line, code="nul")
    return Fault(line=line, code="quote", value=error)
