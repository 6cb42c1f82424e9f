"""The history of questions, last asked first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session

from . import holders
from .database import Store
from .results import Kind, now
from .tables import Asked

MOST_KNOWN = 200


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
    store: Store,
    project: str,
    *,
    search: str | None = None,
    before: tuple[int, int] | None = None,
    limit: int = 20,
    model: str | None = None,
    label: str | None = None,
) -> Sequence[Asked]:
    """Entries older than `before` (created, id), newest first, at most `limit`; `search` in texts and notes."""
    wanted = select(Asked).where(Asked.project == project)
    if model is not None:
        wanted = wanted.where(Asked.model == model)
    if label is not None:
        wanted = wanted.where(Asked.label == label)
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


async def known(store: Store, project: str) -> tuple[Sequence[str], Sequence[str]]:
    """The models and the classes that occur; the first MOST_KNOWN of either."""

    def read(session: Session) -> tuple[Sequence[str], Sequence[str]]:
        mine = [
            select(column).where(Asked.project == project).distinct().order_by(column).limit(MOST_KNOWN)
            for column in (Asked.model, Asked.label)
        ]
        models, labels = (session.scalars(each).all() for each in mine)
        return models, labels

    return await store.read(read)


async def set_note(store: Store, project: str, key: str, note: str) -> bool:
    """False where no such entry is."""
    change = update(Asked).where(Asked.project == project, Asked.key == key).values(note=note).returning(Asked.id)
    return await store.write(lambda session: session.scalar(change)) is not None


def named(session: Session, project: str, keys: Sequence[str]) -> Sequence[Asked]:
    """The entries of these results that are there."""
    return session.scalars(select(Asked).where(Asked.project == project, Asked.key.in_(keys))).all()


def put(session: Session, project: str, entry: NewEntry) -> None:
    """Puts the question at the top; asked again, it moves there and keeps its note. Within its caller's transaction.

    What is kept for the page of another result alone belongs to that page and has no line.
    """
    if holders.is_of_pages(session, project, entry.key):
        return
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
