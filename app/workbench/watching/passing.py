"""One pass over the rows for everything that is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from ...audit.data.values import Bools, Floats, Ints
from ..study.frame import Frame
from ..study.language import Condition


class Watcher(Protocol):
    """Sums something up over stretches of rows. columns: fields of a frame that it looks at."""

    @property
    def columns(self) -> Collection[str]: ...

    def add(self, frame: Frame, mask: Bools) -> None:
        """frame: the next stretch. mask: the chosen rows of it."""


def passed(
    frames: Iterable[Frame], choose: Callable[[Frame, Condition], Bools],
    asked: Mapping[Condition, Sequence[Watcher]],
) -> None:  # fmt: skip
    """Show every stretch to the watchers of each condition, which is looked at once."""
    for frame in frames:
        for condition, watchers in asked.items():
            mask = choose(frame, condition)
            for watcher in watchers:
                watcher.add(frame, mask)


class Pairing:
    """Counts labels against predictions."""

    columns = frozenset[str]()

    def __init__(self, labels: int, classes: int) -> None:
        self.counts = np.zeros((labels, classes), dtype=np.int64)

    def add(self, frame: Frame, mask: Bools) -> None:
        rows = mask & (frame.label.codes >= 0) & (frame.predicted.codes >= 0)
        width = self.counts.shape[1]
        pairs = frame.label.codes[rows].astype(np.int64) * width + frame.predicted.codes[rows]
        self.counts += np.bincount(pairs, minlength=self.counts.size).reshape(self.counts.shape)


class Choosing:
    """Which rows are chosen, as bits."""

    columns = frozenset[str]()

    def __init__(self) -> None:
        self.rows = 0
        self._bits: list[Bools] = []

    def add(self, frame: Frame, mask: Bools) -> None:
        self.rows += int(mask.sum())
        self._bits.append(mask)

    def packed(self) -> bytes:
        return np.packbits(np.concatenate(self._bits)).tobytes() if self._bits else b""


class Ordering:
    """The first rows by an order, of all that are chosen. order: the larger the earlier; rows that are equal stay in
    their order. most: how many are kept, by default all."""

    def __init__(
        self, order: Callable[[Frame], Floats], *, columns: Collection[str] = (), most: int | None = None
    ) -> None:
        self.columns = frozenset(columns)
        self.rows = 0
        self._order, self._most = order, most
        self._numbers: list[Ints] = []
        self._keys: list[Floats] = []

    def add(self, frame: Frame, mask: Bools) -> None:
        rows = np.flatnonzero(mask)
        self.rows += len(rows)
        keys = self._order(frame)[rows]
        if self._most is not None and len(keys) > self._most:
            least = -np.partition(-keys, self._most)[self._most]
            keys, rows = keys[keys >= least], rows[keys >= least]
        self._numbers.append(rows + frame.first)
        self._keys.append(keys)
        if self._most is not None and sum(map(len, self._keys)) > 8 * self._most:
            self._numbers, self._keys = ([each] for each in self._sorted())  # type: ignore[assignment]

    def _sorted(self) -> tuple[Ints, Floats]:
        numbers = np.concatenate([np.zeros(0, np.int64), *self._numbers])
        keys = np.concatenate([np.zeros(0), *self._keys])
        order = np.argsort(-keys, kind="stable")[: self._most]
        return numbers[order], keys[order]

    @property
    def found(self) -> Ints:
        """Numbers of the rows, in their order."""
        return self._sorted()[0]
