"""Model folders that were registered while the server ran."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from .database import Store
from .results import now
from .tables import RegisteredModel


async def paths(store: Store) -> Sequence[str]:
    wanted = select(RegisteredModel.path).order_by(RegisteredModel.created, RegisteredModel.path)
    return await store.read(lambda session: session.scalars(wanted).all())


async def add(store: Store, path: str) -> None:
    await store.write(lambda session: session.merge(RegisteredModel(path=path, created=now())) and None)


async def remove(store: Store, path: str) -> None:
    await store.write(lambda session: session.execute(delete(RegisteredModel).where(RegisteredModel.path == path)))
