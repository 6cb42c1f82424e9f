"""Arrays as safetensors bytes, compressed above 4 KB; small ones in the row, large ones in content-addressed files."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import zstandard

from ..errors import Damaged, StorageFailed

COMPRESS_ABOVE = 4096
UNSET = "lies in a folder that is no longer set: set WHENCE_ARRAYS to the folder that it was"
AGAIN = "put it back from a backup, or delete the explanation and ask for it again"
CHANGED = f"is cut short or overwritten: {AGAIN}"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
TYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "F64": np.dtype("<f8")}


def pack(array: np.ndarray[Any, Any], *, name: str = "relations") -> bytes:
    """One array as safetensors bytes, compressed where that is worth it."""
    plain = pack_plain({name: array})
    return zstandard.compress(plain, 3) if len(plain) > COMPRESS_ABOVE else plain


def pack_plain(arrays: Mapping[str, np.ndarray[Any, Any]]) -> bytes:
    from safetensors.numpy import save

    plain: bytes = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    return plain


def plain_chunks(packed: bytes) -> Iterator[bytes]:
    """The bytes before compression, a little at a time."""
    stream = _Stream(packed)
    while part := stream.read(1 << 16):
        yield part


def shape_of(packed: bytes) -> tuple[int, ...]:
    return tuple(_described(_Stream(packed))["shape"])


def unpack(packed: bytes, *, index: tuple[int, ...] = ()) -> np.ndarray[Any, Any]:
    """The array, or its part at `index` along the first dimensions; only that part is held in memory.

    Raises IndexError for a part that does not exist.
    """
    stream = _Stream(packed)
    described = _described(stream)
    dtype, shape = TYPES[described["dtype"]], tuple(described["shape"])
    position, rest = 0, shape
    for number in index:
        if not 0 <= number < rest[0]:
            raise IndexError(number)
        rest = rest[1:]
        position += number * int(np.prod(rest, dtype=np.int64))
    stream.skip(described["data_offsets"][0] + position * dtype.itemsize)
    size = int(np.prod(rest, dtype=np.int64)) * dtype.itemsize
    return np.frombuffer(stream.read(size), dtype=dtype).reshape(rest)


def _described(stream: _Stream) -> dict[str, Any]:
    header = json.loads(stream.read(int.from_bytes(stream.read(8), "little")))
    described: dict[str, Any] = next(value for name, value in header.items() if name != "__metadata__")
    return described


class _Stream:
    """Reads forward through bytes that may be compressed."""

    def __init__(self, packed: bytes) -> None:
        compressed = packed.startswith(ZSTD_MAGIC)
        self._reader = zstandard.ZstdDecompressor().stream_reader(packed) if compressed else None
        self._plain = packed
        self._at = 0

    def read(self, size: int) -> bytes:
        if self._reader is None:
            self._at += size
            return self._plain[self._at - size : self._at]
        parts = bytearray()
        while len(parts) < size and (part := self._reader.read(size - len(parts))):
            parts += part
        return bytes(parts)

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.read(min(size, 1 << 16))) or size


def _holds(path: Path, packed: bytes) -> bool:
    try:
        return path.read_bytes() == packed
    except FileNotFoundError:
        return False


class ArrayFiles:
    """Files under their own hash: the same array is kept once, however many results have it.

    Without a folder every array stays in its row.
    """

    def __init__(self, folder: Path | None, *, inline: int) -> None:
        self.folder = folder
        self.inline = inline

    def path(self, digest: str) -> Path:
        if self.folder is None:
            raise RuntimeError(f"the array {digest} {UNSET}")
        return self.folder / digest[:2] / digest

    def put(self, packed: bytes) -> tuple[str, bytes | None]:
        """The hash, and the bytes to keep in the row; None where they went to a file."""
        digest = hashlib.sha256(packed).hexdigest()
        if self.folder is None or len(packed) <= self.inline:
            return digest, packed
        path = self.path(digest)
        if not _holds(path, packed):  # also a damaged one is put right by whoever makes the array again
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with NamedTemporaryFile(dir=path.parent, delete=False) as file:
                file.write(packed)
                file.flush()
                os.fsync(file.fileno())
            os.replace(file.name, path)  # never half a file under the name
        return digest, None

    def get(self, digest: str, inline: bytes | None) -> bytes:
        """Raises FileNotFoundError, and Damaged for bytes that are not those that were stored."""
        if inline is None and self.folder is None:
            raise StorageFailed("the server cannot use one of its files", inside=f"the array {digest} {UNSET}")
        found = self.path(digest).read_bytes() if inline is None else inline
        if hashlib.sha256(found).hexdigest() != digest:
            place = "in the database" if inline is not None else str(self.path(digest))
            raise Damaged("an array of this explanation is not what was stored", inside=f"the array {place} {CHANGED}")
        return found

    def remove(self, digest: str) -> None:
        self.path(digest).unlink(missing_ok=True)
