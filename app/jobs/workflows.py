"""Where the steps of jobs are remembered: a file of its own with SQLite, a schema of its own on PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, event, make_url
from sqlalchemy.exc import DBAPIError

from ..errors import StorageFailed
from ..settings import Settings
from ..store.connection import erase_deleted, url_of
from ..store.trouble import failure, reason_of, trouble_of

UNUSABLE = "the file of the jobs' steps cannot be used"
NEWER = "was written by a newer version of Whence: start that version, or"
AWAY = "stop Whence and move it away (it holds no result; jobs continue after what is stored)"


def workflows_url(settings: Settings) -> str:
    """Beside the tables on PostgreSQL, in a schema of its own; in a file of its own on SQLite."""
    url = url_of(settings)
    if url.get_backend_name() == "sqlite":
        return f"sqlite:///{settings.data / 'jobs.sqlite3'}"
    return url.render_as_string(hide_password=False)


def prepare(url: URL) -> None:
    """Readers do not hold up the writer (the mode stays with the file); what is deleted is erased.

    Raises StorageFailed for a file of a newer version.
    """
    event.listen(Engine, "connect", erase_deleted)  # also the connections that the library makes
    if url.get_backend_name() == "sqlite":
        assert url.database is not None
        with closing(sqlite3.connect(url.database, timeout=30)) as connection:
            connection.execute("PRAGMA journal_mode=WAL").close()
            newer = _is_newer(connection)
        file = Path(url.database)
        file.chmod(0o600)
        if newer:
            raise StorageFailed(UNUSABLE, inside=_sentence(file, NEWER))


@contextmanager
def told_of_workflows(url: URL) -> Iterator[None]:
    """Raises StorageFailed for what is wrong with them."""
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        found = trouble_of(error)
        if found is None:
            raise
        if url.get_backend_name() != "sqlite":
            raise failure(found, url.render_as_string(hide_password=True), reason_of(error)) from error
        inside = _sentence(Path(str(url.database)), f"{found.inside} ({reason_of(error)}):")
        raise StorageFailed(UNUSABLE, inside=inside) from error


def fault_of_workflows(settings: Settings) -> str | None:
    """The fault of the file in one sentence with its cure; None where it is whole or there is none."""
    file = Path(str(make_url(workflows_url(settings)).database))
    if settings.database is not None or not file.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
            if found == ["ok"]:
                return _sentence(file, NEWER) if _is_newer(connection) else None
    except sqlite3.Error as error:
        found = [str(error)]
    return _sentence(file, f"is damaged ({found[0]}):")


def _is_newer(connection: sqlite3.Connection) -> bool:
    """Whether the tables are those of a newer version of DBOS, which this one would take for its own."""
    from dbos._migration import sqlite_migrations

    table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'dbos_migrations'"
    if connection.execute(table).fetchone() is None:
        return False
    row = connection.execute("SELECT max(version) FROM dbos_migrations").fetchone()
    return int(row[0] or 0) > len(sqlite_migrations)


def _sentence(file: Path, fault: str) -> str:
    return f"{file} {fault} {AWAY}"
