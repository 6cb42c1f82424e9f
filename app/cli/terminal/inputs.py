"""What a command is given to read: one text, or many from a file or a pipe."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .trouble import Mistake

Format = Literal["text", "lines", "jsonl", "csv", "tsv", "parquet"]
FORMATS: dict[str, Format] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet",
}  # fmt: skip
LONGEST_NAME = 4096  # bytes of a path; anything longer is a text


@dataclass(frozen=True, slots=True)
class Row:
    text: str
    text_pair: str | None = None


@dataclass(frozen=True, slots=True)
class Texts:
    """single: one text was given, so one answer is wanted rather than a list of one."""

    rows: tuple[Row, ...]
    single: bool


def read_texts(given: str, *, form: Format | None, column: str, pair: str | None, pair_column: str) -> Texts:
    """given: a text, '-' for stdin, or a file whose name ends in .txt, .jsonl, .csv, .tsv or .parquet."""
    if given == "-":
        if form == "parquet":
            raise Mistake("Parquet is read from a file, not from stdin")
        return _parsed(_stdin(), form or "text", source="stdin", column=column, pair=pair, pair_column=pair_column)
    path = _file(given, form)
    if path is None:
        return Texts((Row(_argument(given), pair),), single=True)
    known = form or FORMATS[path.suffix.lower()]
    content = "" if known == "parquet" else _decoded(path.read_bytes(), given)
    return _parsed(content, known, source=given, column=column, pair=pair, pair_column=pair_column)


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


def _parsed(content: str, form: Format, *, source: str, column: str, pair: str | None, pair_column: str) -> Texts:
    if form == "text":
        return Texts((Row(content.removesuffix("\n").removesuffix("\r"), pair),), single=True)
    rows = tuple(_rows(content, form, source=source, column=column, pair=pair, pair_column=pair_column))
    if not rows:
        raise Mistake(f"{source} holds no texts")
    return Texts(rows, single=False)


def _rows(content: str, form: Format, *, source: str, column: str, pair: str | None, pair_column: str) -> Iterator[Row]:
    if form == "lines":
        yield from (Row(line, pair) for line in content.splitlines() if line.strip())
        return
    for number, record in _records(content, form, source):
        text = record.get(column)
        if not isinstance(text, str):
            known = ", ".join(str(name) for name in record if name is not None)
            raise Mistake(f"{source}, row {number}: no text in column {column!r}; it has {known}; use --column")
        second = record.get(pair_column, pair)
        if second is not None and not isinstance(second, str):
            raise Mistake(f"{source}, row {number}: column {pair_column!r} is not a text")
        yield Row(text, second or None)


def _records(content: str, form: Format, source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    if form == "parquet":
        yield from enumerate(_parquet(source))
        return
    if form == "jsonl":
        for number, line in enumerate(content.split("\n"), start=1):
            if line.strip():
                yield number, _json_object(line, f"{source}, line {number}")
        return
    # A review may be longer than the module's default of 131,072 characters a cell.
    csv.field_size_limit(1 << 24)
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter="\t" if form == "tsv" else ",")
    try:
        yield from enumerate(reader, start=2)
    except csv.Error as error:
        raise Mistake(f"{source}, line {reader.line_num}: {error}") from error


def _parquet(source: str) -> Iterator[dict[str, Any]]:
    import pyarrow
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(source) as file:
            for batch in file.iter_batches():
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise Mistake(f"{source} cannot be read as Parquet: {error}") from error


def _json_object(line: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Mistake(f"{place} is not JSON: {error}") from error
    if isinstance(found, str):
        return {"text": found}
    if not isinstance(found, dict):
        raise Mistake(f"{place} is neither a JSON object nor a string")
    return found


def _stdin() -> str:
    return _decoded(sys.stdin.buffer.read(), "stdin")


def _decoded(content: bytes, source: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake(f"{source} is not UTF-8 (byte {error.start}); convert it with iconv") from error


def _argument(given: str) -> str:
    """Where the locale is not UTF-8, arguments arrive as undecoded bytes; they are UTF-8 all the same, or refused."""
    return given if given.isascii() else _decoded(os.fsencode(given), "the argument")
