"""Which encoding a file has: UTF-8, or UTF-16 with its mark. Everything else is refused with the place."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from ....errors import BadFile

Source = Path | bytes  # a file, or its content where it came through a pipe

CHUNK = 1 << 20
CURE = "Save it as UTF-8 (in a spreadsheet: CSV UTF-8) and send it again."
ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PK\x05\x06": "an empty ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"ARROW1": "an Arrow file",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3": "a database",
}


def open_bytes(source: Source) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else source.open("rb")


def open_text(source: Source, encoding: str, *, newline: str) -> TextIO:
    """newline: as of `open`; "\\n" ends lines there alone, "" also at a lone carriage return."""
    return io.TextIOWrapper(open_bytes(source), encoding=encoding, newline=newline)


def lines_of(source: Source) -> Iterator[str]:
    """The lines of a plain text, ended by a new line alone: U+2028 and its like are part of a line. Raises BadFile."""
    with open_text(source, encoding_of(source), newline="\n") as file:
        for line in file:
            yield line.removesuffix("\n").removesuffix("\r")


def encoding_of(source: Source) -> str:
    """The codec for the whole file, which is decoded once to be sure. Raises BadFile with the first wrong place."""
    with open_bytes(source) as file:
        head = file.read(4096)
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise BadFile("the file is empty", cure="Send a file with a first line that names the columns, and rows.")
    for magic, kind in ARCHIVES.items():
        if head.startswith(magic):
            raise BadFile(
                f"the file is {kind}, which is not read",
                cure="Send the CSV, JSONL or Parquet file itself; save a workbook as CSV UTF-8.",
            )
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise BadFile("the file is UTF-32", cure=CURE)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(source, "utf-16")
    if head.count(b"\x00") > len(head) // 8:
        raise BadFile("the file is UTF-16 without a byte order mark, or no text at all", cure=CURE)
    return _decoded(source, "utf-8-sig")


def _decoded(source: Source, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    line, before = 1, 0
    with open_bytes(source) as file:
        while True:
            chunk = file.read(CHUNK)
            pending = len(decoder.getstate()[0])
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                place = before - pending + error.start
                known = error.object[: error.start].decode(encoding, "ignore").count("\n")
                wrong = error.object[error.start : error.start + 1].hex()
                raise BadFile(
                    f"the file is not {encoding.removesuffix('-sig').upper()}: byte {place:,} (line {line + known:,}) "
                    f"is 0x{wrong}",
                    cure=CURE,
                ) from None
            if not chunk:
                return encoding
            before += len(chunk)
