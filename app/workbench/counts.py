"""Counts that are known: what is counted of a study once is not counted again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Generic, TypeVar

from .opening import Mark, Opened
from .study.curves import Calibration
from .study.figures import Count, Counting
from .study.language import Condition

T = TypeVar("T")


class Known(Generic[T]):
    """Values by their mark; the one that was not asked for the longest goes first."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._values: OrderedDict[Mark, T] = OrderedDict()

    def get(self, mark: Mark) -> T | None:
        with self._lock:
            if mark in self._values:
                self._values.move_to_end(mark)
            return self._values.get(mark)

    def put(self, mark: Mark, value: T) -> None:
        with self._lock:
            self._values[mark] = value
            while len(self._values) > self._most:
                self._values.popitem(last=False)


COUNTS = Known[Count](4_000)
CALIBRATIONS = Known[Calibration](100)


def counted(here: Opened, conditions: Sequence[Condition]) -> list[Count]:
    """Rows that fit each condition, and how many of them are right; what was counted before is known."""
    known = known_counts(here, conditions)
    counting = {each: Counting() for each in conditions if each not in known}
    if counting:
        here.look({condition: (each,) for condition, each in counting.items()})
    known |= keep_counts(here, counting)
    return [known[each] for each in conditions]


def known_counts(here: Opened, conditions: Iterable[Condition]) -> dict[Condition, Count]:
    found = ((each, COUNTS.get(here.mark(each))) for each in conditions)
    return {each: count for each, count in found if count is not None}


def keep_counts(here: Opened, counting: Mapping[Condition, Counting]) -> dict[Condition, Count]:
    for condition, each in counting.items():
        if here.lasting(condition):
            COUNTS.put(here.mark(condition), each.found)
    return {condition: each.found for condition, each in counting.items()}
