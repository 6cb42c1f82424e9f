"""Columns of a run: arrays over all rows, in parts, read whole in a few milliseconds where rows would take seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from .tables import DatasetColumn

PART = 1 << 20  # bytes of a part
Array = NDArray[Any]


def write(session: Session, run: int, columns: Mapping[str, Array]) -> None:
    """Each column in the place of the one that there was."""
    for name, array in columns.items():
        session.execute(delete(DatasetColumn).where(DatasetColumn.run == run, DatasetColumn.name == name))
        head = f"{array.dtype.str}:{','.join(map(str, array.shape))}\n".encode()
        body = head + np.ascontiguousarray(array).tobytes()
        parts = [body[at : at + PART] for at in range(0, len(body), PART)]
        values = [{"run": run, "name": name, "part": k, "body": part} for k, part in enumerate(parts)]
        session.execute(insert(DatasetColumn), values)


def read(session: Session, run: int, names: Sequence[str]) -> dict[str, Array]:
    """The columns of these names; one that was never written is left out."""
    wanted = select(DatasetColumn.name, DatasetColumn.body).where(
        DatasetColumn.run == run, DatasetColumn.name.in_(names)
    )
    bodies: dict[str, list[bytes]] = {}
    for name, body in session.execute(wanted.order_by(DatasetColumn.name, DatasetColumn.part)):
        bodies.setdefault(name, []).append(body)
    return {name: _array(b"".join(parts)) for name, parts in bodies.items()}


def blocks(session: Session, run: int, name: str) -> Iterator[Array]:
    """The rows of a column a part at a time, so that the whole is never in memory; nothing of one that is not there."""
    wanted = select(DatasetColumn.body).where(DatasetColumn.run == run, DatasetColumn.name == name)
    kind: np.dtype[Any] = np.dtype(np.uint8)
    width: list[int] = []
    left = b""
    for part, (body,) in enumerate(session.execute(wanted.order_by(DatasetColumn.part).execution_options(yield_per=4))):
        if part == 0:
            kind, (_, *width), start = _head(body)
            body = body[start:]
        held = left + body
        whole = len(held) - len(held) % (kind.itemsize * int(np.prod(width, dtype=np.int64)))
        left = held[whole:]
        yield np.frombuffer(held[:whole], dtype=kind).reshape(-1, *width)


class Columns:
    """The columns of a run, read a stretch of rows at a time: the whole of one is never in memory.

    Of each column the part that was read last is kept, so that a walk over all rows reads every part once.
    """

    def __init__(self, session: Session, run: int) -> None:
        self._session, self._run = session, run
        self._heads: dict[str, tuple[np.dtype[Any], tuple[int, ...], int] | None] = {}
        self._kept: dict[str, tuple[int, bytes]] = {}

    def __contains__(self, name: str) -> bool:
        return self._head(name) is not None

    def rows(self, name: str, start: int, stop: int) -> Array:
        """Rows from `start` up to but without `stop`. Raises KeyError for a column that was never written."""
        kind, (_, *width), first = self._known(name)
        size = kind.itemsize * int(np.prod(width, dtype=np.int64))
        a, b = first + start * size, first + stop * size
        pieces = []
        for part in range(a // PART, max(a, b - 1) // PART + 1):
            begin = part * PART
            pieces.append(memoryview(self._part(name, part))[max(a - begin, 0) : b - begin])
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        found: Array = np.require(np.frombuffer(body, dtype=kind), requirements="A")  # what counts is slow on others
        return found.reshape(-1, *width)

    def at(self, name: str, numbers: Sequence[int]) -> Array:
        """The rows of these numbers, in their order. Raises KeyError."""
        kind, (_, *width), _ = self._known(name)
        found: Array = np.zeros((len(numbers), *width), dtype=kind)
        for place in np.argsort(numbers, kind="stable").tolist():  # by part, so that each is read once
            found[place] = self.rows(name, numbers[place], numbers[place] + 1)[0]
        return found

    def _known(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
        head = self._head(name)
        if head is None:
            raise KeyError(name)
        return head

    def _head(self, name: str) -> tuple[np.dtype[Any], tuple[int, ...], int] | None:
        if name not in self._heads:
            body = self._part(name, 0)
            self._heads[name] = _head(body) if body else None
        return self._heads[name]

    def _part(self, name: str, part: int) -> bytes:
        kept = self._kept.get(name)
        if kept is None or kept[0] != part:
            wanted = select(DatasetColumn.body).where(
                DatasetColumn.run == self._run, DatasetColumn.name == name, DatasetColumn.part == part
            )
            kept = self._kept[name] = (part, self._session.scalar(wanted) or b"")
        return kept[1]


def _array(body: bytes) -> Array:
    kind, shape, start = _head(body)
    found: Array = np.frombuffer(body, dtype=kind, offset=start)
    return found.reshape(shape)


def _head(body: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Kind and shape of a stored column, and the place where its numbers begin."""
    head, _, _ = body[:200].partition(b"\n")
    kind, _, shape = head.decode().partition(":")
    return np.dtype(kind), tuple(int(each) for each in shape.split(",")), len(head) + 1
