"""Results and their arrays, addressed by project and key: another project's key is not there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from ..errors import Damaged
from .arrays import AGAIN, ArrayFiles
from .database import Store
from .tables import Result, StoredArray

Kind = Literal["panel", "explanation", "generation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResult:
    key: str
    kind: Kind
    model: str
    body: bytes
    panel: str | None = None
    arrays: Mapping[str, bytes] = field(default_factory=dict)


def now() -> int:
    """Microseconds since 1970."""
    return time.time_ns() // 1000


async def find(store: Store, project: str, key: str, kind: Kind) -> bytes | None:
    """The bytes that were answered."""
    return await store.read(lambda session: body_of(session, project, key, kind))


async def find_all(store: Store, project: str, keys: Sequence[str]) -> dict[str, bytes]:
    """The explanations among these keys that are there, by key."""
    wanted = select(Result.key, Result.body).where(
        Result.project == project, Result.key.in_(keys), Result.kind == "explanation"
    )
    return await store.read(lambda session: {row.key: row.body for row in session.execute(wanted)})


def body_of(session: Session, project: str, key: str, kind: Kind) -> bytes | None:
    """`find` within the transaction of its caller."""
    return session.scalar(select(Result.body).where(Result.project == project, Result.key == key, Result.kind == kind))


def is_there(session: Session, project: str, key: str) -> bool:
    return session.scalar(select(Result.key).where(Result.project == project, Result.key == key)) is not None


async def panel_of(store: Store, project: str, key: str) -> str | None:
    wanted = select(Result.panel).where(Result.project == project, Result.key == key)
    return await store.read(lambda session: session.scalar(wanted))


async def kind_of(store: Store, project: str, key: str) -> str | None:
    wanted = select(Result.kind).where(Result.project == project, Result.key == key)
    return await store.read(lambda session: session.scalar(wanted))


async def put(store: Store, project: str, results: Sequence[NewResult]) -> None:
    """All results or none. What is there already stays as it is: an address keeps its bytes."""
    await store.write(lambda session: add(session, store.files, project, results))


async def find_array(store: Store, project: str, key: str, name: str) -> bytes | None:
    """Compressed safetensors. Raises Damaged for an array that is not whole."""
    wanted = select(StoredArray.digest, StoredArray.body).where(
        StoredArray.project == project, StoredArray.key == key, StoredArray.name == name
    )

    def read(session: Session) -> bytes | None:
        row = session.execute(wanted).first()
        return None if row is None else store.files.get(row.digest, row.body)

    try:
        return await store.read(read)
    except FileNotFoundError as error:
        if await store.read(lambda session: session.execute(wanted).first()) is None:
            return None  # another process deleted the result between the two looks
        raise Damaged(
            "an array of this explanation is not there any more",
            inside=f"{error.filename} is gone: {AGAIN}",
        ) from error


def add(session: Session, files: ArrayFiles, project: str, results: Sequence[NewResult]) -> None:
    """`put` within the transaction of its caller."""
    for new in results:
        if session.get(Result, (project, new.key)) is not None:
            continue
        created = now()
        session.add(
            Result(
                project=project, key=new.key, kind=new.kind, panel=new.panel, model=new.model, created=created,
                body=new.body,
            )
        )  # fmt: skip
        session.flush()
        for name, packed in new.arrays.items():
            digest, body = files.put(packed)
            session.add(StoredArray(project=project, key=new.key, name=name, digest=digest, body=body))


def discard(session: Session, files: ArrayFiles, project: str, keys: Sequence[str]) -> int:
    """Deletes results with the explanations of a panel, their lines of the history, and arrays that nothing else has.

    Returns how many results there were.
    """
    chosen = select(Result.key).where(Result.project == project, Result.panel.in_(keys) | Result.key.in_(keys))
    found = session.scalars(chosen).all()
    mine = (StoredArray.project == project) & StoredArray.key.in_(found) & StoredArray.body.is_(None)
    digests = set(session.scalars(select(StoredArray.digest).where(mine)))
    session.execute(delete(Result).where(Result.project == project, Result.key.in_(found)))
    still = set(session.scalars(select(StoredArray.digest).where(StoredArray.digest.in_(digests))))
    for digest in digests - still:
        files.remove(digest)
    return len(found)
