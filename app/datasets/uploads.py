"""Uploaded files as they came, under their own hash. Nothing of them is read before the job runner does."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING

import anyio.to_thread

from ..errors import TooLarge
from ..store.database import Store
from ..store.datasets import rows as datasets

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PART = 1 << 20


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of this machine, which lives as long as the request."""

    path: Path
    digest: str
    size: int


class Receiving:
    """A file that comes in pieces."""

    def __init__(self, file: IO[bytes], *, limit: int) -> None:
        self._file = file
        self._limit = limit
        self._digest = hashlib.sha256()
        self._waiting = bytearray()
        self._size = 0

    async def take(self, chunk: bytes) -> None:
        """Raises TooLarge."""
        self._size += len(chunk)
        if self._size > self._limit:
            raise TooLarge(self._limit)
        self._waiting += chunk
        if len(self._waiting) >= PART:
            await anyio.to_thread.run_sync(self._write)

    async def done(self) -> Upload:
        await anyio.to_thread.run_sync(self._write)
        return Upload(Path(self._file.name), self._digest.hexdigest(), self._size)

    def _write(self) -> None:
        self._file.write(self._waiting)
        self._digest.update(self._waiting)
        self._waiting.clear()
        self._file.flush()


async def receive(chunks: AsyncIterator[bytes], file: IO[bytes], *, limit: int) -> Upload:
    """Raises TooLarge."""
    receiving = Receiving(file, limit=limit)
    async for chunk in chunks:
        await receiving.take(chunk)
    return await receiving.done()


def upload_of(path: Path, *, limit: int) -> Upload:
    """A file of this machine. Raises TooLarge."""
    if path.stat().st_size > limit:
        raise TooLarge(limit)
    with path.open("rb") as file:
        return Upload(path, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def parts_of(upload: Upload) -> Iterator[bytes]:
    with upload.path.open("rb") as file:
        while part := file.read(PART):
            yield part


def stored(session: Session, upload: Upload) -> bool:
    return datasets.parts(session, upload.digest) == -(-upload.size // PART)


def restore(store: Store, digest: str, path: Path) -> None:
    """Writes a stored file to a path."""
    with path.open("wb") as file:
        number = 0
        while body := store.query(partial(datasets.part, digest=digest, number=number)):
            file.write(body)
            number += 1
