"""Connections to SQLite and PostgreSQL that behave alike: one writer at a time, transactions, no endless waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

if TYPE_CHECKING:
    from ..settings import Settings

LOCK_SECONDS: float = 30  # how long a change waits for another one
LOG_MILLISECONDS, LOG_TRIES = 100, 50  # how long and how often the write-ahead log waits for its readers
WRITERS = 0x77_68_65_6E_63_65  # "whence": the advisory lock of PostgreSQL that a writer holds


def url_of(settings: Settings) -> URL:
    """Where the database is: WHENCE_DATABASE with its password file, else SQLite in the data folder."""
    if settings.database is None:
        return URL.create("sqlite", database=str(settings.data / "whence.sqlite3"))
    url = make_url(settings.database)
    if settings.database_password_file is not None:
        url = url.set(password=settings.database_password_file.read_text(encoding="utf-8").strip("\r\n"))
    return url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg")


def connect(url: URL) -> Engine:
    """An engine whose errors quote no parameters: they hold what users typed."""
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=url.get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def writing(engine: Engine) -> Engine:
    """The same connections; a transaction begins when no other process writes, and sees what the last one left."""
    return engine.execution_options(writing=True)


def change_tables(engine: Engine, change: Callable[[Connection], None]) -> None:
    """One transaction in which tables may be made anew: SQLite must not delete the rows that point to the old ones."""
    sqlite = engine.dialect.name == "sqlite"
    with writing(engine).connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        if sqlite:  # outside of a transaction: within one it does nothing
            driver.execute("PRAGMA foreign_keys=OFF").close()
        try:
            with connection.begin():
                change(connection)
                assert not sqlite or connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
        finally:
            if sqlite:
                driver.execute("PRAGMA foreign_keys=ON").close()


def erase_deleted(connection: Any, _: Any = None) -> None:
    """Makes SQLite overwrite with zeros what is deleted; without it texts stay in pages that are free.

    How a library was built decides what it does by default. Connections to other databases are left alone.
    """
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA secure_delete=ON").close()


def empty_log(engine: Engine) -> bool:
    """Moves SQLite's write-ahead log into the database and cuts it to nothing: until then it holds what was deleted.

    False where somebody read from the log all the time. PostgreSQL looks after its own.
    """
    if engine.dialect.name != "sqlite":
        return True
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        driver.execute(f"PRAGMA busy_timeout={LOG_MILLISECONDS}").close()  # others cannot write while it waits
        try:
            return any(_emptied(driver) for _ in range(LOG_TRIES))
        finally:
            driver.execute(f"PRAGMA busy_timeout={_milliseconds()}").close()


def _emptied(driver: Any) -> bool:
    (busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        time.sleep(LOG_MILLISECONDS / 1000)
    return not busy


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver would begin late, and not at all before a table is changed
    # FULL: a result that was answered is still there after a power cut.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={_milliseconds()}"):
        connection.execute(f"PRAGMA {pragma}").close()
    erase_deleted(connection)
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows only A to Z


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _milliseconds() -> int:
    return round(LOCK_SECONDS * 1000)


def _set_up_postgresql(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = {_milliseconds()}")
    # A writer whose machine vanished must not hold the others: the server ends it.
    connection.execute(f"SET idle_in_transaction_session_timeout = {2 * _milliseconds()}")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("writing"):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})").close()
