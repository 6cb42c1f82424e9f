"""Whether what is stored is whole: the database itself, every array against its hash, every result."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sqlalchemy import func, select, text, tuple_
from sqlalchemy.orm import Session

from ...errors import AppError
from ..arrays import AGAIN
from ..database import Store
from ..tables import Result, StoredArray
from . import amcheck

READABLE = "let the user that runs Whence read it"
TOGETHER = 200  # rows that are read at once


def faults(store: Store) -> Iterator[str]:
    """One line each; none where everything is whole."""
    yield from store.query(_database)
    yield from _each_array(store)
    yield from _each_result(store)


def left_out(store: Store) -> str | None:
    """The part of the check that was left out, and how to have it; None where all was checked."""
    if store.engine.dialect.name == "sqlite" or store.query(amcheck.at_hand):
        return None
    return amcheck.HINT


def counts(store: Store) -> dict[str, int]:
    """Numbers of the results and arrays that were checked."""
    with_arrays = store.query(lambda session: session.scalar(select(func.count()).select_from(StoredArray)))
    results = store.query(lambda session: session.scalar(select(func.count()).select_from(Result)))
    return {"results": results or 0, "arrays": with_arrays or 0}


def _database(session: Session) -> list[str]:
    if session.connection().dialect.name != "sqlite":
        return list(amcheck.faults(session))  # it holds its foreign keys itself
    found = [f"database: {line}" for (line,) in session.execute(text("PRAGMA integrity_check")) if line != "ok"]
    broken = session.execute(text("PRAGMA foreign_key_check")).all()
    return found + [f"database: row {row[1]} of {row[0]} points to nothing in {row[2]}" for row in broken]


def _each_array(store: Store) -> Iterator[str]:
    after = ("", "", "")
    while rows := store.query(lambda session, after=after: _arrays(session, after)):  # type: ignore[misc]
        for row in rows:
            name = f"array {row.name} of {row.project}/{row.key}"
            try:
                store.files.get(row.digest, row.body)
            except FileNotFoundError as error:
                yield f"{name}: its file {error.filename} is not there: {AGAIN}"
            except OSError as error:
                yield f"{name}: its file {error.filename} cannot be read ({error.strerror}): {READABLE}"
            except AppError as error:
                yield f"{name}: is not what was stored: {error.inside}"
        after = (rows[-1].project, rows[-1].key, rows[-1].name)


def _arrays(session: Session, after: tuple[str, str, str]) -> list[StoredArray]:
    place = (StoredArray.project, StoredArray.key, StoredArray.name)
    wanted = select(StoredArray).where(tuple_(*place) > tuple_(*after)).order_by(*place).limit(TOGETHER)
    return list(session.scalars(wanted))


def _each_result(store: Store) -> Iterator[str]:
    after = ("", "")
    while rows := store.query(lambda session, after=after: _results(session, after)):  # type: ignore[misc]
        for row in rows:
            try:
                whole = json.loads(row.body)["key"] == row.key
            except (ValueError, KeyError, TypeError):
                whole = False
            if not whole:
                yield f"{row.kind} {row.project}/{row.key}: is not what was stored: {AGAIN}"
        after = (rows[-1].project, rows[-1].key)


def _results(session: Session, after: tuple[str, str]) -> list[Result]:
    place = (Result.project, Result.key)
    return list(session.scalars(select(Result).where(tuple_(*place) > tuple_(*after)).order_by(*place).limit(TOGETHER)))
