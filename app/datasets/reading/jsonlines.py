"""One JSON object a line; a line that is a string is the object whose field `text` it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any, TextIO

from ...errors import BadFile
from .decoding import Source, encoding_of, open_text
from .limits import Limits
from .records import LONGEST_NAME, UNREADABLE, Entry, Opened, column_names
from .schemas import Fault


class _Twice(ValueError):
    pass


def open_json_lines(source: Source, limits: Limits, named: Collection[str] = ()) -> Opened:
    """The columns are the fields of the first rows. Raises BadFile."""
    encoding = encoding_of(source)
    fields: dict[str, None] = {}
    read = 0
    for entry in islice(_entries(source, encoding, limits), limits.sample):
        if isinstance(entry, Entry):
            read += 1
            fields.update(dict.fromkeys(entry.values))
            if len(fields) > limits.columns:
                break
    if not read:
        raise BadFile(_why_none(source, encoding), cure='Write one JSON object a line: {"text": "…", "label": "…"}')
    names, notes = column_names(list(fields), limits)
    renamed = {raw: name for raw, name in zip(fields, names, strict=True) if raw != name}
    entries = _entries(source, encoding, limits)
    return Opened(names, _renamed(entries, renamed) if renamed else entries, notes)


def _renamed(entries: Iterator[Entry | Fault], renamed: dict[str, str]) -> Iterator[Entry | Fault]:
    for entry in entries:
        if isinstance(entry, Entry):
            yield Entry(entry.line, {renamed.get(name, name): value for name, value in entry.values.items()})
        else:
            yield entry


def _why_none(source: Source, encoding: str) -> str:
    with open_text(source, encoding, newline="\n") as file:
        head = file.read(200).lstrip()
    if head.startswith("["):
        return "the file is one JSON array and not a line for each row (jq -c '.[]' makes lines of it)"
    return "no line at the start of the file is a JSON object or a string"


def _entries(source: Source, encoding: str, limits: Limits) -> Iterator[Entry | Fault]:
    with open_text(source, encoding, newline="\n") as file:
        number = 0
        while line := file.readline(limits.line + 1):
            number += 1
            if len(line) > limits.line:
                _skip_line(file, limits)
                yield Fault(line=number, code="long_line", value=f"{limits.line:,}")
            elif line.strip():
                yield _entry(number, line, limits)


def _skip_line(file: TextIO, limits: Limits) -> None:
    while (rest := file.readline(limits.line)) and not rest.endswith("\n"):
        pass


def _entry(number: int, line: str, limits: Limits) -> Entry | Fault:
    try:
        found = json.loads(line, object_pairs_hook=_once, parse_constant=float)
    except _Twice as error:
        return Fault(line=number, code="twice", value=str(error)[:80])
    except RecursionError:
        return Fault(line=number, code="json", value="nested too deeply")
    except ValueError as error:  # also a number with thousands of digits
        return Fault(line=number, code="json", value=str(error)[:80])
    if isinstance(found, str):
        found = {"text": found}
    if not isinstance(found, dict):
        return Fault(line=number, code="object", value=type(found).__name__)
    if len(found) > limits.columns or any(len(name) > LONGEST_NAME for name in found):
        return Fault(line=number, code="json", value=f"over {limits.columns} fields, or a name that is too long")
    for value in found.values():
        if isinstance(value, str) and UNREADABLE.search(value):
            return Fault(line=number, code="nul")
        if isinstance(value, str) and len(value) > limits.cell:
            return Fault(line=number, code="long_cell", value=f"{limits.cell:,}")
    return Entry(number, found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(name.encode("utf-8", "replace").decode())
        found[name] = value
    return found
