"""The lines of a file that is read row by row: some can be given back and read again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

LONE = "\ud80d"  # stands for a carriage return within a line: half of a pair, which no decoded text holds


class Lines(Iterator[str]):
    """Iterates over lines; `number` is that of the last one, from 1, and `taken` holds those since `begin`.

    The csv module ends a row at every carriage return, whatever ends the lines of the file: one within a line is
    replaced by `LONE`, and `restored` brings it back.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back: deque[str] = deque()
        self.number = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else _guarded(next(self._lines))
        self.number += 1
        self.taken.append(line)
        return line

    def begin(self) -> int:
        """Start a row; return the number of its first line."""
        self.taken = []
        return self.number + 1

    def give_back(self, *, keep: int) -> None:
        """Read all but the first `keep` of the taken lines again."""
        self._back.extendleft(reversed(self.taken[keep:]))
        self.number -= len(self.taken) - keep
        del self.taken[keep:]


def _guarded(line: str) -> str:
    if "\r" not in line:
        return line
    end = next((end for end in ("\r\n", "\n") if line.endswith(end)), "\r" if line.endswith("\r") else "")
    return line[: len(line) - len(end)].replace("\r", LONE) + end


def restored(row: list[str]) -> list[str]:
    return [cell.replace(LONE, "\r") for cell in row] if any(LONE in cell for cell in row) else row
