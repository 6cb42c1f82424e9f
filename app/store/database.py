"""Open the database, bring its tables up to date, and run work on it from asynchronous code."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

import anyio.to_thread
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from anyio import CapacityLimiter
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from ..errors import StorageFailed
from .arrays import ArrayFiles
from .connection import LOCK_SECONDS, change_tables, connect, url_of, writing
from .trouble import AWAY, DAMAGED, HELD, KEPT_OUT, UNFIT, failure, place, told

if TYPE_CHECKING:
    from ..settings import Settings

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
ASKED_SECONDS: float = 10  # how long a change that somebody waits for waits for the others
NOTE_SECONDS: float = 1  # how long one waits that is only a note beside an answer
ANSWER_SECONDS: float = 30  # until reading counts as not answered
AT_ONCE = 12  # threads that read: a database that hangs holds up nobody who asks for something else


class Store:
    """Results, arrays, history and registered models of one installation."""

    def __init__(self, engine: Engine, files: ArrayFiles) -> None:
        self.engine = engine
        self.files = files
        self._writing = Lock()  # held by the thread that writes
        self._turn = asyncio.Lock()  # held by who waits for `write`, so that only one of them needs a thread
        self._readers = CapacityLimiter(AT_ONCE)

    async def read(self, query: Callable[[Session], T], *, within: float | None = None) -> T:
        """Raises DatabaseUnavailable where the database has not answered `within` seconds."""
        return await self.answered(partial(self.query, query), within=within)

    async def answered(self, reading: Callable[[], T], *, within: float | None = None) -> T:
        """The result of a function that reads this database, from a thread that is left behind where it hangs.

        Raises DatabaseUnavailable where it takes longer than `within` seconds, by default ANSWER_SECONDS.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS if within is None else within):
                return await anyio.to_thread.run_sync(reading, limiter=self._readers, abandon_on_cancel=True)
        except TimeoutError:
            raise failure(AWAY, place(self.engine), "it took too long") from None

    async def write(self, change: Callable[[Session], T], *, patience: float | None = None) -> T:
        """The change, committed before this returns.

        One at a time in all processes: what a change reads stays so until it is committed, and an array file is not
        removed between another writer's look at it and its row. Raises DatabaseUnavailable where the others take
        longer than `patience` seconds.
        """
        until = time.monotonic() + (ASKED_SECONDS if patience is None else patience)
        async with self._my_turn(until):
            commit = partial(self.commit, change, patience=until - time.monotonic())
            return await anyio.to_thread.run_sync(commit, limiter=CapacityLimiter(1))

    def query(self, query: Callable[[Session], T]) -> T:
        """read, for code that is not asynchronous."""
        with told(self.engine), Session(self.engine) as session:
            return query(session)

    def commit(self, change: Callable[[Session], T], *, patience: float | None = None) -> T:
        """write, for code that is not asynchronous."""
        until = time.monotonic() + (LOCK_SECONDS if patience is None else patience)
        if not self._writing.acquire(timeout=max(0.0, until - time.monotonic())):
            raise self._held()
        try:
            writer = writing(self.engine, patience=until - time.monotonic())
            with told(self.engine), Session(writer, expire_on_commit=False) as session, session.begin():
                session.connection()  # from here on nobody else writes, whatever the change looks at first
                return change(session)
        finally:
            self._writing.release()

    @asynccontextmanager
    async def _my_turn(self, until: float) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(until - time.monotonic()):
                await self._turn.acquire()
        except TimeoutError:
            raise self._held() from None
        try:
            yield
        finally:
            self._turn.release()

    def _held(self) -> Exception:
        return failure(HELD, place(self.engine), "by this very process")

    def close(self) -> None:
        self.engine.dispose()


def open_store(settings: Settings) -> Store:
    """The store that the settings name; the data folder is made if needed, readable by its owner only."""
    _make_folder(settings.data)
    engine = connect(url_of(settings))
    if engine.dialect.name == "sqlite":
        _refuse_unusable(engine, settings.data)
    with told(engine):
        migrate(engine)
    folder = settings.arrays
    if folder is None and engine.dialect.name == "sqlite":
        folder = settings.data / "arrays"
    return Store(engine, ArrayFiles(folder, inline=settings.inline_array))


def _make_folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        cure = "name a folder that the user that runs Whence may write, with --data or WHENCE_DATA"
        inside = f"the data folder {data} cannot be made ({error.strerror}): {cure}"
        raise StorageFailed("the server cannot use its data folder", inside=inside) from error


def _refuse_unusable(engine: Engine, data: Path) -> None:
    """Refuse what SQLite itself takes without a word: an empty file, for a new database, and one that is read-only."""
    file = Path(str(engine.url.database))
    used = (data / "secret").exists() or (data / "arrays").exists()
    if used and file.is_file() and not file.stat().st_size:
        raise failure(DAMAGED, place(engine), "it has no bytes, though the data folder has been used")
    if file.exists() and not writable(file):
        raise failure(KEPT_OUT, place(engine), "it is read-only")


def migrate(engine: Engine) -> None:
    """The newest tables. Of several processes that start at once one makes them, and the others find them made.

    Raises StorageFailed for tables of a newer version.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            found = MigrationContext.configure(connection).get_current_revision()
            raise failure(UNFIT, place(engine), f"revision {found}, newer than {newest()}") from error

    change_tables(engine, upgrade)


def writable(path: Path) -> bool:
    """Also by the folder's mount, which may be read-only."""
    return os.access(path, os.R_OK | os.W_OK, effective_ids=True)


def answers(session: Session) -> None:
    """Look into the tables, for who wants to know whether the database is there. A query of `read`."""
    session.execute(text("SELECT version_num FROM alembic_version")).first()


def newest() -> str:
    """The revision that this version's tables have."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return str(ScriptDirectory.from_config(config).get_current_head())
