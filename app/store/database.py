"""Open the database, bring its tables up to date, and run work on it from asynchronous code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.orm import Session

from ..errors import DatabaseUnavailable
from .arrays import ArrayFiles
from .connection import LOCK_SECONDS, change_tables, connect, url_of, writing

if TYPE_CHECKING:
    from ..settings import Settings

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """Results, arrays, history and registered models of one installation."""

    def __init__(self, engine: Engine, files: ArrayFiles) -> None:
        self.engine = engine
        self.files = files
        self._writer = writing(engine)
        self._writing = Lock()

    async def read(self, query: Callable[[Session], T]) -> T:
        return await anyio.to_thread.run_sync(self.query, query)

    async def write(self, change: Callable[[Session], T]) -> T:
        """The change, committed before this returns.

        One at a time in all processes: what a change reads stays so until it is committed, and an array file is not
        removed between another writer's look at it and its row.
        """
        return await anyio.to_thread.run_sync(self.commit, change)

    def query(self, query: Callable[[Session], T]) -> T:
        """read, for code that is not asynchronous."""
        with _available(self.engine), Session(self.engine) as session:
            return query(session)

    def commit(self, change: Callable[[Session], T]) -> T:
        """write, for code that is not asynchronous."""
        if not self._writing.acquire(timeout=LOCK_SECONDS):
            raise DatabaseUnavailable(f"another change has held the database for {LOCK_SECONDS} s")
        try:
            with _available(self.engine), Session(self._writer, expire_on_commit=False) as session, session.begin():
                session.connection()  # from here on nobody else writes, whatever the change looks at first
                return change(session)
        finally:
            self._writing.release()

    def close(self) -> None:
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store that the settings name; the data folder is made if needed, readable by its owner only."""
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = connect(url_of(settings))
    with _available(engine):
        migrate(engine)
    folder = settings.arrays
    if folder is None and engine.dialect.name == "sqlite":
        folder = settings.data / "arrays"
    return Store(engine, ArrayFiles(folder, inline=settings.inline_array))


def migrate(engine: Engine) -> None:
    """The newest tables. Of several processes that start at once one makes them, and the others find them made."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")

    change_tables(engine, upgrade)


def newest() -> str:
    """The revision that this version's tables have."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return str(ScriptDirectory.from_config(config).get_current_head())


@contextmanager
def _available(engine: Engine) -> Iterator[None]:
    """A database that does not answer, or is held by another writer too long, is told as DatabaseUnavailable."""
    try:
        yield
    except (OperationalError, PoolExhausted) as error:
        place = engine.url.render_as_string(hide_password=True)
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        raise DatabaseUnavailable(f"the database {place} does not answer: {reason}") from error
