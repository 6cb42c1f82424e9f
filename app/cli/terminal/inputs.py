"""What a command is given to read: one text, or many from a file or a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...datasets.reading.faults import spoken, told
from ...datasets.reading.forms.decoding import Source, lines_of
from ...datasets.reading.parsing import parse
from ...datasets.reading.schemas import Fault, Form, Mapping
from ...errors import BadFile
from .trouble import Mistake

Format = Literal["text", "lines", "jsonl", "csv", "tsv", "parquet"]
FORMATS: dict[str, Format] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet",
}  # fmt: skip
FORMS: dict[Format, Form] = {"jsonl": "jsonl", "csv": "csv", "tsv": "csv", "parquet": "parquet"}
PAIR_COLUMN = "text_pair"
LONGEST_NAME = 4096  # bytes of a path; anything longer is a text


@dataclass(frozen=True, slots=True)
class Row:
    """fault: what is wrong with a row that could not be read, which has no text."""

    text: str
    text_pair: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """single: one text was given, so one answer is wanted rather than a list of one."""

    rows: tuple[Row, ...]
    single: bool


def read_texts(given: str, *, form: Format | None, column: str, pair: str | None, pair_column: str) -> Texts:
    """given: a text, '-' for stdin, or a file whose name ends in .txt, .jsonl, .csv, .tsv or .parquet.

    A row that cannot be read is one of the rows, so that the others keep their numbers. Raises Mistake.
    """
    known: Format
    if given == "-":
        if form == "parquet":
            raise Mistake("Parquet is read from a file, not from stdin")
        source: Source = sys.stdin.buffer.read()
        known, name = form or "text", "stdin"
    else:
        path = _file(given, form)
        if path is None:
            return Texts((Row(_argument(given), pair),), single=True)
        source, known, name = path, form or FORMATS[path.suffix.lower()], given
    try:
        return _texts(source, known, name=name, column=column, pair=pair, pair_column=pair_column)
    except BadFile as error:
        raise Mistake(f"{name}: {error}. {error.cure}".removesuffix(". ")) from error


def _file(given: str, form: Format | None) -> Path | None:
    """A text is taken for a file only when it names one with a known ending, or when the format is given."""
    if not given or "\n" in given or "\x00" in given or len(given.encode("utf-8", "replace")) > LONGEST_NAME:
        return None
    path = Path(given)
    known = form is not None or path.suffix.lower() in FORMATS
    try:
        return path if known and path.is_file() else None
    except OSError:  # a text whose words are longer than a file name may be
        return None


def _texts(source: Source, form: Format, *, name: str, column: str, pair: str | None, pair_column: str) -> Texts:
    if form == "text":
        content = source if isinstance(source, bytes) else source.read_bytes()
        return Texts((Row(_decoded(content, name).removesuffix("\n").removesuffix("\r"), pair),), single=True)
    if form == "lines":
        rows = tuple(Row(line, pair) for line in lines_of(source) if line.strip())
    else:
        rows = tuple(_rows(source, FORMS[form], name=name, column=column, pair=pair, pair_column=pair_column))
    if all(row.fault for row in rows):
        raise Mistake(f"{name} holds no texts{f': {rows[0].fault}' if rows else ''}")
    return Texts(rows, single=False)


def _rows(source: Source, form: Form, *, name: str, column: str, pair: str | None, pair_column: str) -> Iterator[Row]:
    """The file's second column where there is one, else the same second text for all."""
    mapping = Mapping(text=column, text_pair=None if column == pair_column else pair_column)
    parsed = parse(source, form, mapping=mapping, optional=(pair_column,) if pair_column == PAIR_COLUMN else ())
    for note in spoken(parsed.notes):
        print(f"whence: {name}: {note}", file=sys.stderr)
    paired = any(each.name == pair_column for each in parsed.columns)
    for row in parsed.rows:
        yield Row("", fault=told(row)) if isinstance(row, Fault) else Row(row.text, row.text_pair if paired else pair)


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake(f"{source} is not UTF-8 (byte {error.start}); convert it with iconv") from error


def one_text(given: str) -> str:
    """A text from the command line, or all of stdin for '-'. Raises Mistake for what is not UTF-8."""
    if given != "-":
        return _argument(given)
    return _decoded(sys.stdin.buffer.read(), "stdin").removesuffix("\n").removesuffix("\r")


def _argument(given: str) -> str:
    """Where the locale is not UTF-8, arguments arrive as undecoded bytes; they are UTF-8 all the same, or refused."""
    return given if given.isascii() else _decoded(os.fsencode(given), "the argument")
