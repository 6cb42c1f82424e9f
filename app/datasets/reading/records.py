"""The result of every reader: the columns of a file, and its records one after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import BadFile
from .limits import Limits
from .schemas import Fault, Note

LONGEST_NAME = 200
UNREADABLE = re.compile(r"[\x00\ud800-\udfff]")
NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it stands in the file: column → value."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read. `entries` gives a Fault for each row that cannot be read."""

    columns: tuple[str, ...]
    entries: Iterator[Entry | Fault]
    notes: tuple[Note, ...] = ()


def column_names(given: Sequence[str], limits: Limits) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Names that can be shown and told apart. Raises BadFile for too many."""
    if len(given) > limits.columns:
        raise BadFile(
            f"the file has {len(given):,} columns; {limits.columns} are allowed", cure="Keep the columns needed."
        )
    names: list[str] = []
    notes: list[Note] = []
    for position, raw in enumerate(given, start=1):
        name = wanted = shown(raw)
        if not wanted:
            name = wanted = f"column {position}"
            notes.append(Note(code="unnamed", value=name))
        count = 1
        while name in names:
            count += 1
            name = f"{wanted} ({count})"
        if count > 1:
            notes.append(Note(code="renamed", value=name))
        names.append(name)
    return tuple(names), tuple(notes)


def shown(name: str) -> str:
    """Without characters that cannot be seen or that turn the line round."""
    return NO_NAME.sub("", name).strip()[: LONGEST_NAME - 10]
