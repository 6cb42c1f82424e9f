"""Model folders that were registered while the server ran."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from .database import Store
from .results import now
from .tables import RegisteredModel


async def paths(store: Store) -> Sequence[str]:
    wanted = select(RegisteredModel.path).order_by(RegisteredModel.created, RegisteredModel.path)
    return await store.read(lambda session: session.scalars(wanted).all())


async def add(store: Store, path: str) -> None:
    await store.write(lambda session: put(session, path))


def put(session: Session, path: str) -> None:
    """`add` within the transaction of its caller."""
    session.merge(RegisteredModel(path=path, created=now()))


async def remove(store: Store, path: str) -> None:
    await store.write(lambda session: session.execute(delete(RegisteredModel).where(RegisteredModel.path == path)))
