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


def _array(body: bytes) -> Array:
    kind, shape, start = _head(body)
    found: Array = np.frombuffer(body, dtype=kind, offset=start)
    return found.reshape(shape)


def _head(body: bytes) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Kind and shape of a stored column, and the place where its numbers begin."""
    head, _, _ = body[:200].partition(b"\n")
    kind, _, shape = head.decode().partition(":")
    return np.dtype(kind), tuple(int(each) for each in shape.split(",")), len(head) + 1
