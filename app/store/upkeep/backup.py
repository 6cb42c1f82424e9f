"""A copy of everything while the server runs: of the database, and of the array files its rows name."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import URL, select
from sqlalchemy.orm import Session

from ..arrays import ArrayFiles
from ..database import Store
from ..tables import StoredArray

DATABASE = "whence.sqlite3"
DUMP = "whence.dump"
NEEDED = ("secret", "whence.toml")  # files of the data folder that are not in the database


class BackupFailed(OSError):
    """The message says why and what to do."""


def backup(store: Store, data: Path, to: Path) -> int:
    """The number of array files that were copied. Raises BackupFailed.

    Most arrays are copied beforehand; then no other process writes while the database and the rest are copied.
    The workflows of jobs are left out: a job that was running goes on behind its last stored shard.
    """
    try:
        to.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise BackupFailed(f"{to} is there already; name a folder that is not") from error
    _copy(store.files, to, store.query(_digests))
    copied = store.commit(lambda session: _snapshot(store, session, to))
    for name in NEEDED:
        if (data / name).is_file():
            shutil.copy2(data / name, to / name)
    return copied


def _snapshot(store: Store, session: Session, to: Path) -> int:
    if store.engine.dialect.name == "sqlite":
        _copy_sqlite(Path(str(store.engine.url.database)), to / DATABASE)
    else:
        _dump(store.engine.url, to / DUMP)
    digests = _digests(session)
    _copy(store.files, to, digests)
    return len(digests)


def _digests(session: Session) -> list[str]:
    """Digests of the arrays that lie in files."""
    return list(session.scalars(select(StoredArray.digest).where(StoredArray.body.is_(None)).distinct()))


def _copy(files: ArrayFiles, to: Path, digests: Iterable[str]) -> None:
    for digest in digests:
        source, target = files.path(digest), to / "arrays" / digest[:2] / digest
        if not target.exists() and source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(source, target)


def _copy_sqlite(source: Path, target: Path) -> None:
    reading, copy = sqlite3.connect(f"file:{source}?mode=ro", uri=True), sqlite3.connect(target)
    try:
        reading.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL").close()
    finally:
        reading.close()
        copy.close()
    target.chmod(0o600)


def _dump(url: URL, target: Path) -> None:
    if shutil.which("pg_dump") is None:
        raise BackupFailed(
            "pg_dump is not installed here: install PostgreSQL's client of the server's version, or back up there"
        )
    address = url.set(drivername="postgresql", password=None).render_as_string(hide_password=False)
    told = {**os.environ, **({} if url.password is None else {"PGPASSWORD": str(url.password)})}
    command = ["pg_dump", "--format=custom", "--no-owner", f"--file={target}", f"--dbname={address}"]
    found = subprocess.run(command, env=told, capture_output=True, text=True)  # noqa: S603 - no part of it is a caller's
    if found.returncode:
        raise BackupFailed(f"pg_dump failed: {found.stderr.strip() or found.returncode}")
    target.chmod(0o600)
