"""Uploaded files, as they came, under their own hash. Nothing of them is read before the job runner does."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

import anyio.to_thread

from ..errors import AppError

BUFFER = 1 << 20


class TooLarge(AppError):
    status = 413
    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the file is over {limit:,} bytes", cure="Send a part of it, or raise WHENCE_UPLOAD_LIMIT on the server."
        )


@dataclass(frozen=True, slots=True)
class Upload:
    digest: str
    size: int


class Uploads:
    """The folder that web and job runner share."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self.folder = folder
        self.limit = limit

    def path(self, digest: str) -> Path:
        return self.folder / digest

    async def save(self, chunks: AsyncIterator[bytes]) -> Upload:
        """A stream to a file, a little at a time. Raises TooLarge; nothing is left of it then."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size, waiting = hashlib.sha256(), 0, bytearray()
        with NamedTemporaryFile(dir=self.folder, prefix="part-", delete=False) as file:
            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self.limit:
                        raise TooLarge(self.limit)
                    waiting += chunk
                    if len(waiting) >= BUFFER:
                        await anyio.to_thread.run_sync(_write, file, digest, bytes(waiting))
                        waiting.clear()
                await anyio.to_thread.run_sync(_write, file, digest, bytes(waiting))
                await anyio.to_thread.run_sync(_keep, file, self.path(digest.hexdigest()))
            except BaseException:
                os.unlink(file.name)
                raise
        return Upload(digest.hexdigest(), size)

    def take(self, source: Path) -> Upload:
        """A copy of a file of this machine."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as given, NamedTemporaryFile(dir=self.folder, prefix="part-", delete=False) as file:
            while chunk := given.read(BUFFER):
                size += len(chunk)
                if size > self.limit:
                    os.unlink(file.name)
                    raise TooLarge(self.limit)
                _write(file, digest, chunk)
            _keep(file, self.path(digest.hexdigest()))
        return Upload(digest.hexdigest(), size)

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)


def _write(file: IO[bytes], digest: hashlib._Hash, chunk: bytes) -> None:
    file.write(chunk)
    digest.update(chunk)


def _keep(file: IO[bytes], path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    os.replace(file.name, path)  # never half a file under the name
