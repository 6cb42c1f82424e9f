"""Open the database, bring its tables up to date, and run work on it from asynchronous code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import anyio.to_thread
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from .arrays import ArrayFiles

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """Results, arrays, history and registered models of one installation."""

    def __init__(self, engine: Engine, files: ArrayFiles) -> None:
        self.engine = engine
        self.files = files
        self._writing = Lock()

    async def read(self, query: Callable[[Session], T]) -> T:
        return await anyio.to_thread.run_sync(self._run, query)

    async def write(self, change: Callable[[Session], T]) -> T:
        """The change, committed before this returns.

        One at a time: an array file must not be removed between another writer's look at it and its row.
        """
        return await anyio.to_thread.run_sync(self._commit, change)

    def _run(self, query: Callable[[Session], T]) -> T:
        with Session(self.engine) as session:
            return query(session)

    def _commit(self, change: Callable[[Session], T]) -> T:
        with self._writing, Session(self.engine) as session, session.begin():
            return change(session)

    def close(self) -> None:
        self.engine.dispose()


def open_store(data: Path, *, inline: int, url: str | None = None) -> Store:
    """The store of a data folder, which is made if needed and readable by its owner only."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url or f"sqlite:///{data / 'whence.sqlite3'}")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    migrate(engine)
    return Store(engine, ArrayFiles(data / "arrays", inline=inline))


def migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # FULL: a result that was answered is still there after a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}").close()
