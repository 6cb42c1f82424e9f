"""How a delimited file is written: what ends its lines, what separates its cells, whether quotes enclose them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from ....errors import BadFile
from ..limits import Limits
from ..schemas import Fault
from .decoding import Source, open_text
from .lines import Lines, restored
from .quotes import lost_lines

SEPARATORS = (",", "\t", ";", "|")
LOOKED_AT = 200  # lines
DECLARED = re.compile(r'"?sep=([^\w"\s]|\t)"?\s*', re.IGNORECASE)  # the first line that Excel reads, and writes
LINE_END = re.compile(r'"|\r\n|\r|\n')


@dataclass(frozen=True, slots=True)
class Dialect:
    separator: str
    quoted: bool

    def reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        if self.quoted:
            return csv.reader(lines, delimiter=self.separator, strict=True)
        return csv.reader(lines, delimiter=self.separator, quoting=csv.QUOTE_NONE)


@dataclass(frozen=True, slots=True)
class Layout:
    """skip: lines before the first row."""

    encoding: str
    newline: str
    dialect: Dialect
    skip: int = 0

    def open(self, source: Source) -> TextIO:
        return open_text(source, self.encoding, newline=self.newline)


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a delimited file, with the number of its first line."""

    line: int
    values: list[str]


def layout_of(source: Source, encoding: str, limits: Limits) -> Layout:
    """Raises BadFile for lines that are too long to be rows."""
    newline = _line_end(source, encoding, limits)
    with open_text(source, encoding, newline=newline) as file:
        lines = [_line(file, limits) for _ in range(LOOKED_AT)]
    declared = DECLARED.fullmatch(lines[0])
    if declared:
        return Layout(encoding, newline, Dialect(declared[1], quoted=True), skip=1)
    return Layout(encoding, newline, _dialect([line for line in lines if line], limits))


def rows_of(lines: Lines, dialect: Dialect, limits: Limits, *, width: int = 0) -> Iterator[Cells | Fault]:
    """Rows and what is no row. Behind a fault it goes on with the next line that may begin a row.

    width: the fields of a row; where it is 0, those of the first row.
    """
    reader = dialect.reader(lines)
    doubtful = 0  # the number of a line that closes a quote which none opened
    while True:
        line = lines.begin()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lost, doubt = 1, 0
            if dialect.quoted and not _too_long_alone(str(error), lines):
                lost, doubt = lost_lines(lines, dialect.separator, width)
            else:
                lines.give_back(keep=1)
            doubtful = doubt or doubtful
            yield _misread(line, lost, str(error), lines, limits)
            reader = dialect.reader(lines)
            continue
        if line == doubtful:
            yield Fault(line=line, code="quote", value="it closes here")
        elif row:
            width = width or len(row)
            yield Cells(line, restored(row))


def _too_long_alone(error: str, lines: Lines) -> bool:
    """Whether a cell is too long in a line that leaves no quote open."""
    return "field limit" in error and lines.taken[0].count('"') % 2 == 0


def _misread(line: int, lost: int, error: str, lines: Lines, limits: Limits) -> Fault:
    until = line + lost - 1 if lost > 1 else None
    if "field limit" in error and (lost > 1 or len(lines.taken[0]) > limits.cell):
        return Fault(line=line, code="long_cell", value=f"{limits.cell:,}", until=until)
    if "NUL" in error:
        return Fault(line=line, code="nul", until=until)
    if "field limit" in error or "end of data" in error:
        return Fault(line=line, code="open_quote", until=until)
    return Fault(line=line, code="quote", value=error, until=until)


def _line_end(source: Source, encoding: str, limits: Limits) -> str:
    """The characters that end the first row: a new line, so that carriage returns belong to cells, or else either."""
    with open_text(source, encoding, newline="") as file:
        head = file.read(limits.line)
    quoted = False
    for found in LINE_END.finditer(head):
        if found[0] == '"':
            quoted = not quoted
        elif not quoted:
            return "" if found[0] == "\r" else "\n"
    return ""


def _line(file: TextIO, limits: Limits) -> str:
    line = file.readline(limits.line + 1)
    if len(line) > limits.line:
        raise BadFile(
            f"a line near the start has over {limits.line:,} characters",
            cure="Send CSV with one row a line, JSONL or Parquet.",
        )
    return line


def _dialect(lines: Sequence[str], limits: Limits) -> Dialect:
    """The separator by which most of the first lines have as many fields as the first one."""
    tried = [Dialect(separator, quoted=True) for separator in SEPARATORS] + [Dialect("\t", quoted=False)]
    return max(tried, key=lambda each: _agreement(each, lines, limits))


def _agreement(dialect: Dialect, lines: Sequence[str], limits: Limits) -> tuple[int, int, bool]:
    width = agreeing = 0
    for row in rows_of(Lines(islice(lines, len(lines))), dialect, limits):
        if isinstance(row, Fault):
            agreeing -= 1
            continue
        width = width or len(row.values)
        agreeing += len(row.values) == width > 1
    return agreeing, width if width > 1 else 0, dialect.quoted
