"""What was asked, last asked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from .database import Store
from .results import Kind, now
from .tables import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    key: str
    kind: Kind
    text: str
    text_pair: str | None
    model: str
    method: str | None
    label: str
    probability: float | None


async def page(
    store: Store, project: str, *, search: str | None = None, before: tuple[int, int] | None = None, limit: int = 20
) -> Sequence[Asked]:
    """Entries older than `before` (created, id), newest first, at most `limit`; `search` in texts and notes."""
    wanted = select(Asked).where(Asked.project == project)
    if search:
        wanted = wanted.where(
            Asked.text.icontains(search, autoescape=True)
            | Asked.text_pair.icontains(search, autoescape=True)
            | Asked.note.icontains(search, autoescape=True)
        )
    if before is not None:
        wanted = wanted.where(tuple_(Asked.created, Asked.id) < tuple_(*before))
    wanted = wanted.order_by(Asked.created.desc(), Asked.id.desc()).limit(limit)
    return await store.read(lambda session: session.scalars(wanted).all())


async def set_note(store: Store, project: str, key: str, note: str) -> bool:
    """False where no such entry is."""
    change = update(Asked).where(Asked.project == project, Asked.key == key).values(note=note).returning(Asked.id)
    return await store.write(lambda session: session.scalar(change)) is not None


def named(session: Session, project: str, keys: Sequence[str]) -> Sequence[Asked]:
    """The entries of these results that are there."""
    return session.scalars(select(Asked).where(Asked.project == project, Asked.key.in_(keys))).all()


def put(session: Session, project: str, entry: NewEntry) -> None:
    """Puts the question at the top; asked again, it moves there and keeps its note. Within its caller's transaction."""
    known = session.scalar(select(Asked).where(Asked.project == project, Asked.key == entry.key))
    if known is not None:
        known.created = now()
        return
    session.add(
        Asked(
            project=project,
            key=entry.key,
            kind=entry.kind,
            text=entry.text,
            text_pair=entry.text_pair,
            model=entry.model,
            method=entry.method,
            label=entry.label,
            probability=entry.probability,
            note="",
            created=now(),
        )
    )
