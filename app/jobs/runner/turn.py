"""One runner at a time: a new one waits until the last one has really ended, so that no shard is done by both."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

NAME = "runner.lock"
LOCK = 0x77686E63  # any number that no other program of the database uses


@contextmanager
def one_at_a_time(engine: Engine, data: Path) -> Iterator[None]:
    """Held until the process ends, however it ends."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            yield
        return
    with (data / NAME).open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_held(engine: Engine, data: Path) -> bool:
    """Whether a runner is at work, on whichever machine. PostgreSQL lets go of the lock of a machine that vanished."""
    if engine.dialect.name == "postgresql":
        held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted AND database = "
        mine = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        with engine.connect() as connection:
            return connection.execute(text(held + mine), {"lock": LOCK}).first() is not None
    with (data / NAME).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
