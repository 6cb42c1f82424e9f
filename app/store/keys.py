"""Keys and the browsers that are signed in with them, both by the hash of the secret."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from .database import Store
from .results import now
from .tables import ApiKey, Logged, SignedIn


async def add(store: Store, key: ApiKey, line: Logged) -> None:
    """The key with its line of the log, or neither."""
    await store.write(lambda session: session.add_all([key, line]))


async def listing(store: Store, project: str | None = None) -> Sequence[ApiKey]:
    """Oldest first, also revoked and expired ones."""
    wanted = select(ApiKey).order_by(ApiKey.created, ApiKey.id)
    if project is not None:
        wanted = wanted.where(ApiKey.project == project)
    return await store.read(lambda session: session.scalars(wanted).all())


async def revoke(store: Store, key_id: str, line: Callable[[str], Logged]) -> bool:
    """False where no valid key has the id. The browsers signed in with it are signed out.

    line: of the log, from the key's project; it is stored with the change, or neither is.
    """

    def change(session: Session) -> bool:
        session.execute(delete(SignedIn).where(SignedIn.key == key_id))
        revoked = update(ApiKey).where(ApiKey.id == key_id, ApiKey.revoked.is_(None)).values(revoked=now())
        project = session.scalar(revoked.returning(ApiKey.project))
        if project is not None:
            session.add(line(project))
        return project is not None

    return await store.write(change)


async def find(store: Store, digest: str) -> ApiKey | None:
    """The key with this hash, if it is neither revoked nor expired."""
    wanted = select(ApiKey).where(ApiKey.hash == digest, _valid())
    return await store.read(lambda session: session.scalar(wanted))


async def signed_in(store: Store, digest: str) -> ApiKey | None:
    """The key that the browser with this cookie signed in with, if both are still valid."""
    wanted = select(ApiKey).join(SignedIn, SignedIn.key == ApiKey.id)
    wanted = wanted.where(SignedIn.hash == digest, SignedIn.expires > now(), _valid())
    return await store.read(lambda session: session.scalar(wanted))


async def sign_in(store: Store, digest: str, key_id: str, expires: int) -> None:
    """Also forgets the sessions that have expired."""

    def change(session: Session) -> None:
        session.execute(delete(SignedIn).where(SignedIn.expires <= now()))
        session.add(SignedIn(hash=digest, key=key_id, expires=expires))

    await store.write(change)


async def sign_out(store: Store, digest: str) -> None:
    await store.write(lambda session: session.execute(delete(SignedIn).where(SignedIn.hash == digest)))


def _valid() -> ColumnElement[bool]:
    return ApiKey.revoked.is_(None) & (ApiKey.expires.is_(None) | (ApiKey.expires > now()))
