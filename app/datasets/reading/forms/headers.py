"""Whether the first row of a delimited file names its columns, and what they are called where it does not."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from .. import columns
from ..records import shown

PLAIN_NAME = 200  # characters; a longer name of a column is rather a cell
POSITION = re.compile(r"column [1-9]\d{0,2}")
NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
KNOWN = frozenset(
    (*columns.TEXT, *columns.PAIR, *columns.LABEL, *columns.GROUP, *columns.FUNCTIONAL, *columns.IDENTITY)
)


def positions(width: int) -> list[str]:
    return [f"column {position}" for position in range(1, width + 1)]


def names_columns(first: Sequence[str], rows: Sequence[Sequence[str]], named: Collection[str]) -> bool | None:
    """None where the file leaves it open. named: the columns that a reader asks for; `column 1` asks for the first of a
    file that names none."""
    names = [shown(cell) for cell in first]
    if any(name in names for name in named) or any(columns.folded(name) in KNOWN for name in names):
        return True
    if named and all(POSITION.fullmatch(name) for name in named):
        return False
    if any(len(cell) > PLAIN_NAME for cell in first):
        return False
    if not rows or not all(names):
        return True
    said = [_said(cell, [row[at] for row in rows if len(row) == len(first)]) for at, cell in enumerate(first)]
    return None if len({*said} - {None}) != 1 else True in said


def _said(name: str, cells: Sequence[str]) -> bool | None:
    """Whether the first row names this column: a name is not among its few values, nor a number above numbers."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return None
    numbers = sum(1 for cell in filled if NUMBER.fullmatch(cell))
    if numbers == len(filled):
        return NUMBER.fullmatch(name) is None
    if name.strip() in filled and len(set(filled)) <= columns.FEW:
        return False
    short = len(name.split()) == 1 and 3 * len(name) <= sum(map(len, filled)) / len(filled)
    return True if short else None
