"""Safetensors files as their headers describe them; no tensor is read."""

from __future__ import annotations

import json
import math
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadModel
from .contents import read_object

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")
MOST_HEADER = 32 * 2**20  # bytes
MOST_BYTES = 16 * 2**30  # all weights together
FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
WHOLE = {"I64": 8, "I32": 4, "BOOL": 1, "U8": 1}  # buffers such as position_ids
HEADS = ("classifier.out_proj.weight", "classifier.weight", "score.weight")


@dataclass(frozen=True, slots=True)
class Weights:
    """The files, and the shape of every tensor by name."""

    files: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def outputs(self) -> int | None:
        """Rows of the classification head, None without one."""
        return next((self.shapes[name][0] for name in HEADS if self.shapes.get(name)), None)


def read_weights(folder: Path) -> Weights:
    """Raises BadModel where weights are missing, too large, named outside the folder, or not plain floats."""
    index = folder / INDEX
    if (folder / SINGLE).is_file():
        names = [SINGLE]
    elif index.is_file():
        names = _shards(index)
    else:
        raise BadModel(f"{SINGLE} is missing: save the model with save_pretrained(…, safe_serialization=True)")
    if (size := sum((folder / name).stat().st_size for name in names)) > MOST_BYTES:
        raise BadModel(f"the weights have {size} bytes; at most {MOST_BYTES} are loaded")
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names:
        shapes |= read_header(folder / name)
    if names != [SINGLE]:
        lacking = set(read_object(index)["weight_map"]) - set(shapes)
        if lacking:
            raise BadModel(f"{INDEX} names weights that no shard holds: {', '.join(sorted(lacking)[:3])}")
    return Weights(tuple(names) if names == [SINGLE] else (INDEX, *names), shapes)


def _shards(index: Path) -> list[str]:
    table = read_object(index).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise BadModel(f"{INDEX} has no weight_map")
    names = sorted({str(name) for name in table.values()})
    for name in names:
        if not SHARD.fullmatch(name):
            raise BadModel(f"{INDEX} names {name[:60]!r}; a shard must be a plain name of a .safetensors file here")
        if not (index.parent / name).is_file():
            raise BadModel(f"{INDEX} names {name}, which is missing")
    return names


def read_header(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor. Raises BadModel where the file is cut short, damaged or quantised."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = file.read(8)
        count = struct.unpack("<Q", length)[0] if len(length) == 8 else 0
        if not 2 <= count <= min(MOST_HEADER, size - 8):
            raise BadModel(f"{path.name} is damaged: its header is missing or cut short")
        try:
            header = json.loads(file.read(count))
            return {name: _shape(entry, size - 8 - count) for name, entry in header.items() if name != "__metadata__"}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadModel(f"{path.name} is damaged: {str(error)[:100]}") from None


def _shape(entry: Any, room: int) -> tuple[int, ...]:
    kind, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    width = (FLOATS | WHOLE).get(kind)
    if width is None:
        raise ValueError(f"weights of type {kind!r}; only {', '.join(FLOATS)} can be explained")
    if not all(isinstance(n, int) and n >= 0 for n in (*shape, start, stop)):
        raise ValueError("a shape or offset is no whole number")
    if stop > room or stop - start != width * math.prod(shape):
        raise ValueError("a tensor reaches beyond the end of the file")
    return shape
