"""PostgreSQL looks through its own tables and indexes, with its extension amcheck, which it brings along."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

HINT = "indexes and pages were not looked at: a superuser may allow it with CREATE EXTENSION amcheck"
INDEXES = """
    SELECT c.relname, c.oid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.amname = 'btree' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence = 'p'
    ORDER BY c.relname"""
TABLES = """
    SELECT c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence = 'p'
    ORDER BY c.relname"""


def at_hand(session: Session) -> bool:
    """Whether it can be used. Where it is not installed it is for this transaction, by whoever may."""
    if session.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'")).first() is not None:
        return True
    try:
        with session.begin_nested():
            session.execute(text("CREATE EXTENSION amcheck"))
    except DBAPIError:
        return False
    return True


def faults(session: Session) -> Iterator[str]:
    """Every row against its page, every index in its order and against its table. Nothing where it is not at hand."""
    if not at_hand(session):
        return
    for name, oid in session.execute(text(TABLES)).all():
        for page, row, said in _asked(session, "SELECT blkno, offnum, msg FROM verify_heapam(:oid)", oid):
            yield f"database: page {page}, row {row} of {name}: {said}"
    for name, oid in session.execute(text(INDEXES)).all():
        for (said,) in _asked(session, "SELECT bt_index_check(:oid, true)", oid):
            if said:
                yield f"database: index {name}: {said}"


def _asked(session: Session, question: str, oid: int) -> list[tuple[object, ...]]:
    """Its answers; an index that is damaged is told as an error."""
    try:
        with session.begin_nested():
            return [tuple(row) for row in session.execute(text(question), {"oid": oid})]
    except DBAPIError as error:
        said = str(error.orig).strip().partition("\n")[0]
        return [(said,)] if "bt_index" in question else [(None, None, said)]
