"""Descriptions of a fault of the database: one sentence for callers, one with the cure for whoever runs the server."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from ..errors import DatabaseUnavailable, StorageFailed, StorageFull

BACKUP = "stop Whence, keep a copy of it, and put the last backup in its place (`whence db backup` makes them)"


@dataclass(frozen=True, slots=True)
class Trouble:
    raised: type[StorageFailed]
    said: str  # to callers
    inside: str  # to whoever runs the server, behind the place and the driver's own words
    cure: str


HELD = Trouble(
    DatabaseUnavailable, "another change holds the database", "is held by another change",
    "wait until that has ended; where it stays so, end the process that has the database open",
)  # fmt: skip
AWAY = Trouble(
    DatabaseUnavailable, "the database does not answer", "does not answer",
    "start it, or correct WHENCE_DATABASE and its password",
)  # fmt: skip
FULL = Trouble(StorageFull, "the disk of the database is full", "has no room left", "make room on its disk")
KEPT_OUT = Trouble(
    StorageFailed, "the database cannot be written", "cannot be opened or written",
    "let the user that runs Whence read and write the file and its folder, and see that the disk has room",
)  # fmt: skip
DAMAGED = Trouble(StorageFailed, "the database is damaged", "is damaged", BACKUP)
UNFIT = Trouble(
    StorageFailed, "the database does not fit this version of Whence", "has other tables than this version of Whence",
    "stop Whence, and start the version that last upgraded it, or a newer one",
)  # fmt: skip

# Primary result codes of SQLite, and SQLSTATEs of PostgreSQL.
SQLITE = {
    sqlite3.SQLITE_BUSY: HELD,
    sqlite3.SQLITE_LOCKED: HELD,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: KEPT_OUT,
    sqlite3.SQLITE_CANTOPEN: KEPT_OUT,
    sqlite3.SQLITE_PERM: KEPT_OUT,
    sqlite3.SQLITE_IOERR: KEPT_OUT,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_ERROR: UNFIT,  # no such table, no such column
}
POSTGRESQL = {
    "55P03": HELD,  # lock not available
    "40001": HELD,  # could not be put in order with others
    "40P01": HELD,  # deadlock
    "53100": FULL,
    "25006": KEPT_OUT,  # read-only
    "42501": KEPT_OUT,  # no privilege
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "42P01": UNFIT,  # no such table
    "42703": UNFIT,  # no such column
}


@contextmanager
def told(engine: Engine) -> Iterator[None]:
    """Raises StorageFailed for what is wrong with the database; an error of Whence's own stays what it is."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, PoolExhausted) as error:
        found = trouble_of(error)
        if found is None:
            raise
        raise failure(found, place(engine), reason_of(error)) from error


def failure(trouble: Trouble, place: str, reason: str = "") -> StorageFailed:
    because = f" ({reason})" if reason else ""
    return trouble.raised(trouble.said, inside=f"the database {place} {trouble.inside}{because}: {trouble.cure}")


def trouble_of(error: Exception) -> Trouble | None:
    """None for an error that is Whence's own, such as a row that is there twice."""
    if isinstance(error, PoolExhausted):
        return AWAY
    if isinstance(error, IntegrityError | sqlite3.IntegrityError):
        return None
    driver = getattr(error, "orig", None) or error
    if (code := getattr(driver, "sqlite_errorcode", None)) is not None:
        found = SQLITE.get(code & 0xFF)
    else:
        found = POSTGRESQL.get(getattr(driver, "sqlstate", None) or "")
    return found or (AWAY if isinstance(error, OperationalError | InterfaceError | sqlite3.OperationalError) else None)


def reason_of(error: Exception) -> str:
    """The driver's own words, on one line."""
    return " ".join(str(getattr(error, "orig", None) or error).split())


def place(engine: Engine) -> str:
    if engine.dialect.name == "sqlite":
        return str(engine.url.database)
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=True)
