from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from app.store.arrays import COMPRESS_ABOVE, ZSTD_MAGIC, ArrayFiles, pack, plain_chunks, shape_of, unpack

SHAPES = [(2, 3, 4, 4), (6, 12, 32, 32)]  # below and above the size from which arrays are compressed


def some(shape: tuple[int, ...], dtype: str = "float16") -> np.ndarray:
    return np.random.default_rng(1).random(shape).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_an_array_and_each_part_of_it_come_back(shape: tuple[int, ...], dtype: str) -> None:
    """Bit for bit, whole, by layer and by head."""
    array = some(shape, dtype)
    packed = pack(array)

    assert shape_of(packed) == shape
    assert (unpack(packed) == array).all()
    assert (unpack(packed, index=(1,)) == array[1]).all()
    assert (unpack(packed, index=(1, 2)) == array[1, 2]).all()


def test_a_part_that_does_not_exist_is_an_error() -> None:
    """Not the beginning of the next one."""
    packed = pack(some(SHAPES[0]))
    for index in ((2,), (-1,), (0, 3)):
        with pytest.raises(IndexError):
            unpack(packed, index=index)


def test_large_arrays_are_compressed_and_any_reader_of_safetensors_can_read_them() -> None:
    """After decompression the bytes are a plain safetensors file."""
    array = np.zeros((6, 12, 64, 64), dtype="float16")
    packed = pack(array)

    assert packed.startswith(ZSTD_MAGIC)
    assert len(packed) < COMPRESS_ABOVE < array.nbytes
    assert (load(b"".join(plain_chunks(packed)))["relations"] == array).all()


def test_a_file_has_its_hash_as_its_name_and_is_written_once(tmp_path: Path) -> None:
    """The same array twice is one file, and no half file is left."""
    files = ArrayFiles(tmp_path, inline=10)
    packed = pack(some(SHAPES[1]))
    digest, inline = files.put(packed)
    files.put(packed)

    assert inline is None
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [digest]
    assert files.get(digest, None) == packed
