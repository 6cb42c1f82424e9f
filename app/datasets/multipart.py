"""A form with a file, read as it comes: the file goes to disk, a little at a time, and is never held as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ..errors import BadRequest
from .uploads import Receiving, Upload

MOST_FIELDS = 50
LONGEST_FIELD = 10_000  # bytes
CURE = "Send multipart/form-data with one file in the field 'file'."


@dataclass
class Sent:
    """A form: its fields, the name of its file and the file."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    filename: str = ""
    upload: Upload | None = None

    def get(self, name: str) -> str | None:
        return next(iter(self.fields.get(name, ())), None) or None


async def receive_form(chunks: AsyncIterator[bytes], content_type: str, file: IO[bytes], *, limit: int) -> Sent:
    """Raises BadRequest for what is no form, TooLarge."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise BadRequest("the form has no boundary", cure=CURE)
    reader = _Reader(boundary)
    receiving = Receiving(file, limit=limit)
    try:
        async for chunk in chunks:
            if chunk:
                reader.feed(chunk)
                await receiving.take(reader.taken())
        reader.end()
    except FormParserError as error:
        raise BadRequest(f"the form cannot be read: {error}", cure=CURE) from error
    if reader.has_file:
        reader.sent.upload = await receiving.done()
    return reader.sent


class _Reader:
    """Calls of the parser, part by part."""

    def __init__(self, boundary: bytes) -> None:
        self.sent = Sent()
        self.has_file = False
        self._file = bytearray()
        self._value = bytearray()
        self._name = ""
        self._in_file = False
        self._header = [bytearray(), bytearray()]
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
            },
        )

    def feed(self, chunk: bytes) -> None:
        self._parser.write(chunk)

    def end(self) -> None:
        self._parser.finalize()

    def taken(self) -> bytes:
        found = bytes(self._file)
        self._file.clear()
        return found

    def _begin(self) -> None:
        self._headers = {}
        self._value.clear()

    def _header_end(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = [bytearray(), bytearray()]

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        self._in_file = b"filename" in options
        if not self._in_file:
            return
        if self.has_file:
            raise BadRequest("the form has more than one file", cure=CURE)
        self.has_file = True
        self.sent.filename = options[b"filename"].decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._file += data[start:end]
            return
        self._value += data[start:end]
        if len(self._value) > LONGEST_FIELD:
            raise BadRequest(f"the field {self._name[:80]!r} is over {LONGEST_FIELD:,} bytes", cure="Shorten it.")

    def _end(self) -> None:
        if self._in_file:
            return
        if sum(map(len, self.sent.fields.values())) >= MOST_FIELDS:
            raise BadRequest(f"the form has over {MOST_FIELDS} fields", cure=CURE)
        self.sent.fields.setdefault(self._name, []).append(self._value.decode("utf-8", "replace"))
