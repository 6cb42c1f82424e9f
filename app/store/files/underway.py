"""Files under way: what a request or a job has on the disk while it goes on, in one place below the data folder.

Each process has a folder of its own, with a lock that ends with the process however it ends. Whoever starts, and the
hourly sweep, remove the folders whose lock is free: a process that was killed left them.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile, mkdtemp
from typing import IO

FOLDER = "under-way"
LOCK = ".lock"


@contextmanager
def owned(data: Path) -> Iterator[Path]:
    """A private folder of this process; it is gone at the end, or when another process finds that this one is."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(folder):
        _clear(folder)
        own = Path(mkdtemp(dir=folder))
        lock = (own / LOCK).open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        lock.close()
        clear(data)  # processes below this one may have been killed with it


def clear(data: Path) -> None:
    """Removes what processes left that were killed."""
    folder = data / FOLDER
    if folder.is_dir():
        with _locked(folder):
            _clear(folder)


@contextmanager
def file(folder: Path) -> Iterator[IO[bytes]]:
    """A file for what a request sends; it is gone at the end."""
    with NamedTemporaryFile(dir=folder, prefix="request-") as found:
        yield found


def _clear(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir() and _abandoned(each):
            shutil.rmtree(each, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    try:
        with (folder / LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:  # killed before it had its lock
        return True
    except BlockingIOError:
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """So that a folder without its lock is one whose process is gone."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
