"""Open the database, bring its tables up to date, and run work on it from asynchronous code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import anyio.to_thread
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.orm import Session

from .arrays import ArrayFiles

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """Results, arrays, history and registered models of one installation."""

    def __init__(self, engine: Engine, files: ArrayFiles) -> None:
        self.engine = engine
        self._writer = engine.execution_options(writing=True)
        self.files = files
        self._writing = Lock()

    async def read(self, query: Callable[[Session], T]) -> T:
        return await anyio.to_thread.run_sync(self.query, query)

    async def write(self, change: Callable[[Session], T]) -> T:
        """The change, committed before this returns.

        One at a time: an array file must not be removed between another writer's look at it and its row.
        """
        return await anyio.to_thread.run_sync(self.commit, change)

    def query(self, query: Callable[[Session], T]) -> T:
        """`read` for code that is not asynchronous."""
        with Session(self.engine) as session:
            return query(session)

    def commit(self, change: Callable[[Session], T]) -> T:
        """`write` for code that is not asynchronous."""
        with self._writing, Session(self._writer, expire_on_commit=False) as session, session.begin():
            return change(session)

    def close(self) -> None:
        self.engine.dispose()


def open_store(data: Path, *, inline: int, url: str | None = None) -> Store:
    """The store of a data folder, which is made if needed and readable by its owner only."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(url or f"sqlite:///{data / 'whence.sqlite3'}")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    migrate(engine)
    return Store(engine, ArrayFiles(data / "arrays", inline=inline))


def migrate(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(writing=True).begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _set_up_sqlite(connection: Any, _: Any) -> None:
    # FULL: a result that was answered is still there after a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.isolation_level = None  # transactions are begun below, not by the driver's guess


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the lock first: a reader that turns writer while another process writes fails without waiting."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
