"""One runner at a time: a new one waits until the last one has really ended, so that no shard is done by both."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

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
    with (data / "runner.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
