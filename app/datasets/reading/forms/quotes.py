"""Where a row ends whose quotes are wrong: which lines are lost with it, and where the next row begins.

A cell that is broken over lines and holds a quote that is not doubled ends at a line that closes a quote which none
opened. A quote that is opened and never closed ends with its line.
"""

from __future__ import annotations

from typing import Literal

from .lines import Lines

FAR = 1 << 20  # characters behind the fault in which the end of its cell is looked for
Kind = Literal["none", "opens", "closes", "within"]


def lost_lines(lines: Lines, separator: str, width: int) -> tuple[int, int]:
    """How many of the lines, the first taken included, belong to the row that cannot be read; those behind are given
    back. The second number is that of a later line which closes a quote that none opened, 0 where there is none."""
    first = lines.number - len(lines.taken) + 1
    lines.give_back(keep=1)
    closing = _closing(lines, separator)
    lost, doubtful = 1, 0
    if closing:
        between = lines.taken[: closing - 1]  # the first line, too
        if width and all(line.count(separator) == width - 1 for line in between):
            doubtful = first + closing - 1
        else:
            lost = closing
    lines.give_back(keep=lost)
    return lost, doubtful


def _closing(lines: Lines, separator: str) -> int:
    """How many lines there are up to the one that closes a quote; 0 where one opens first."""
    read = 0
    for line in lines:
        read += len(line)
        kind = kind_of(line, separator)
        if kind == "closes":
            return len(lines.taken)
        if kind == "opens" or read > FAR:
            return 0
    return 0


def kind_of(line: str, separator: str) -> Kind:
    """The kind of the first quote of a line."""
    at = line.find('"')
    if at < 0:
        return "none"
    ends = line[at + 1 : at + 2] in (separator, "\n", "\r", "")
    if at == 0:  # a separator behind it may be the first character of a cell, whose quote then closes in the line
        return "closes" if ends and line.count('"') % 2 else "opens"
    if line[at - 1] == separator:
        return "opens"
    return "closes" if ends else "within"
