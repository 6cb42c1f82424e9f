"""Reads the input of a command: a text, a picture or a recording, or many from a file, a folder or a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..._library import explainers
from ...datasets.reading.faults import spoken, told
from ...datasets.reading.forms.decoding import Source, lines_of
from ...datasets.reading.parsing import parse
from ...datasets.reading.schemas import Fault, Form, Mapping
from ...errors import BadFile
from ...schemas import MOST_FILE as MOST_BYTES
from .trouble import Mistake

Format = Literal["text", "lines", "jsonl", "csv", "tsv", "parquet"]
FORMATS: dict[str, Format] = {
    ".txt": "text", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".parquet": "parquet",
}  # fmt: skip
FORMS: dict[Format, Form] = {"jsonl": "jsonl", "csv": "csv", "tsv": "csv", "parquet": "parquet"}
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
PAIR_COLUMN = "text_pair"
LONGEST_NAME = 4096  # bytes of a path; anything longer is a text


@dataclass(frozen=True, slots=True)
class Row:
    """fault: what is wrong with a row that could not be read, which has no text. path: of a picture or a
    recording, whose text is its name."""

    text: str
    text_pair: str | None = None
    fault: str | None = None
    path: Path | None = None

    @property
    def asked(self) -> str | explainers.FileInput:
        """The input as the library takes it. Raises BadInput for a file that cannot be read."""
        return self.text if self.path is None else file_input(self.path)

    @property
    def named(self) -> dict[str, str]:
        """The input in a record: a picture or a recording by the name of its file."""
        if self.path is not None:
            return {"file": self.text}
        return {"text": self.text} if self.text_pair is None else {"text": self.text, "text_pair": self.text_pair}

    @property
    def stamp(self) -> tuple[object, ...]:
        """Everything that tells the row from another one."""
        if self.path is None:
            return (self.text, self.text_pair, self.fault)
        told = self.path.stat()
        return (self.text, told.st_size, told.st_mtime_ns)


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
    if form is None and (files := _files(given)) is not None:
        return files
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


def file_input(path: Path) -> explainers.FileInput:
    """A picture or a recording from its file. Raises BadInput for one that cannot be read, or is too large."""
    kind = explainers.AudioInput if _is_sound(path) else explainers.ImageInput
    try:
        if path.stat().st_size > MOST_BYTES:
            size = path.stat().st_size
            raise explainers.BadInput(
                f"{path.name} has {size:,} bytes; a {kind.known_as} may have {MOST_BYTES:,}: make it smaller"
            )
        return kind.sent(path.read_bytes(), name=path.name)
    except OSError as error:
        raise explainers.BadInput(f"{path.name} cannot be read: {error.strerror}") from None


def _is_sound(path: Path) -> bool:
    return path.suffix.lower() in explainers.RECORDINGS


def _files(given: str) -> Texts | None:
    """A picture or a recording, or those of a folder by their names; None where none was given. Raises Mistake."""
    if not given or "\n" in given or "\x00" in given or len(given.encode("utf-8", "replace")) > LONGEST_NAME:
        return None
    path, endings = Path(given), (*PICTURES, *explainers.RECORDINGS)
    try:
        if path.suffix.lower() in endings and path.is_file():
            return Texts((Row(path.name, path=path),), single=True)
        if not path.is_dir():
            return None
        listed = sorted(each for each in path.iterdir() if each.suffix.lower() in endings and each.is_file())
    except OSError:
        return None
    if not listed:
        raise Mistake(f"{given} is a folder without pictures or recordings ({', '.join(endings)})")
    if len({_is_sound(each) for each in listed}) > 1:
        raise Mistake(f"{given} holds pictures and recordings, and no model reads both: give one kind")
    return Texts(tuple(Row(each.name, path=each) for each in listed), single=False)


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
