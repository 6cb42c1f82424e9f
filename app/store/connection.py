"""Connections to SQLite and PostgreSQL that behave alike: one writer at a time, transactions, no endless waits."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from ..configuration import BadConfiguration

if TYPE_CHECKING:
    from ..settings import Settings

LOCK_SECONDS: float = 30  # how long a change waits for another one
READ_SECONDS: float = 5  # how long reading waits: a process that has the whole file to itself, which none of ours does
CONNECT_SECONDS = 5
# A network that swallows everything is noticed: by default the kernel waits for a quarter of an hour.
WATCHED = {"connect_timeout": CONNECT_SECONDS, "keepalives_idle": 10, "tcp_user_timeout": 20_000}
# The server notices a machine that vanished, and frees the locks that it held: by default after two hours.
NOTICED = {"tcp_keepalives_idle": 10, "tcp_keepalives_interval": 5, "tcp_keepalives_count": 4}
LOG_MILLISECONDS, LOG_TRIES = 100, 50  # how long and how often the write-ahead log waits for its readers
WRITERS = 0x77_68_65_6E_63_65  # "whence": the advisory lock of PostgreSQL that a writer holds


def url_of(settings: Settings) -> URL:
    """Where the database is: WHENCE_DATABASE with its password file, else SQLite in the data folder."""
    if settings.database is None:
        return URL.create("sqlite", database=str(settings.data / "whence.sqlite3"))
    try:
        url = make_url(settings.database)
    except (ArgumentError, ValueError) as error:  # without the address, which may hold a password
        raise BadConfiguration(
            "WHENCE_DATABASE is no address of a database: write postgresql://user@host:port/name"
        ) from error
    if settings.database_password_file is not None:
        url = url.set(password=_password(settings.database_password_file))
    return url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg")


def _password(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8"
        raise BadConfiguration(
            f"WHENCE_DATABASE_PASSWORD_FILE: {path} cannot be read ({reason}); name a file that holds the password"
        ) from error


def connect(url: URL) -> Engine:
    """An engine whose errors quote no parameters: they hold what users typed."""
    sqlite = url.get_backend_name() == "sqlite"
    watched = {} if sqlite else {name: value for name, value in WATCHED.items() if name not in url.query}
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=not sqlite, connect_args=watched)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def writing(engine: Engine, *, patience: float | None = None) -> Engine:
    """An engine over the same connections for changes.

    A transaction begins when no other process writes, and sees what the last one left.

    patience: seconds to wait for the others; by default LOCK_SECONDS.
    """
    return engine.execution_options(writing=LOCK_SECONDS if patience is None else patience)


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
            driver.execute(f"PRAGMA {_busy(LOCK_SECONDS)}").close()


def _emptied(driver: Any) -> bool:
    (busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        time.sleep(LOG_MILLISECONDS / 1000)
    return not busy


def _set_up_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver would begin late, and not at all before a table is changed
    # FULL: a result that was answered is still there after a power cut.
    for pragma in (_busy(LOCK_SECONDS), "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    erase_deleted(connection)
    connection.create_function("lower", 1, _lower, deterministic=True)  # SQLite's own knows only A to Z


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _begin_sqlite(connection: Connection) -> None:
    patience = connection.get_execution_options().get("writing")
    connection.exec_driver_sql(f"PRAGMA {_busy(READ_SECONDS if patience is None else patience)}").close()
    connection.exec_driver_sql("BEGIN" if patience is None else "BEGIN IMMEDIATE")


def _busy(seconds: float) -> str:
    return f"busy_timeout={_milliseconds(seconds)}"


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _set_up_postgresql(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = {_milliseconds(LOCK_SECONDS)}")
    for name, value in NOTICED.items():  # without a meaning on a socket of this machine
        connection.execute(f"SET {name} = {value}")
    # A writer whose machine vanished must not hold the others: the server ends it.
    connection.execute(f"SET idle_in_transaction_session_timeout = {_milliseconds(2 * LOCK_SECONDS)}")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    patience = connection.get_execution_options().get("writing")
    if patience is not None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_milliseconds(patience)}").close()
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS})").close()
