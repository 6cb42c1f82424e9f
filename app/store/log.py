"""The log of who did what: lines are added and read, and the database refuses anything else."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from .database import NOTE_SECONDS, Store
from .tables import Logged


async def append(store: Store, line: Logged) -> None:
    """Waits for other changes only as long as an answer may wait for its line."""
    await store.write(lambda session: session.add(line), patience=NOTE_SECONDS)


async def page(store: Store, project: str | None, *, before: int | None = None, limit: int = 50) -> Sequence[Logged]:
    """Newest first, older than the line `before`; of every project where none is named."""
    wanted = select(Logged).order_by(Logged.id.desc()).limit(limit)
    if project is not None:
        wanted = wanted.where(Logged.project == project)
    if before is not None:
        wanted = wanted.where(Logged.id < before)
    return await store.read(lambda session: session.scalars(wanted).all())
