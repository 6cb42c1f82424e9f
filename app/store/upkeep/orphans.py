"""Array files that no row names: a process that was killed left them between the file and its row."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..database import Store
from ..tables import StoredArray

TOGETHER = 500  # names in a statement


def clear_orphans(store: Store) -> None:
    """Removes them, a folder at a time. Nobody stores an array between the look and the removal: changes go one by
    one."""
    folder = store.files.folder
    if folder is not None and folder.is_dir():
        for each in sorted(path for path in folder.iterdir() if path.is_dir()):
            store.commit(partial(_clear, folder=each))


def _clear(session: Session, folder: Path) -> None:
    files = [path for path in folder.iterdir() if path.is_file()]
    for start in range(0, len(files), TOGETHER):
        some = files[start : start + TOGETHER]
        named = select(StoredArray.digest).where(
            StoredArray.digest.in_([path.name for path in some]), StoredArray.body.is_(None)
        )
        known = set(session.scalars(named))
        for path in some:
            if path.name not in known:
                path.unlink(missing_ok=True)
