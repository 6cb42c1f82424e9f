"""Safetensors files as their headers describe them; no tensor is read."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BadModel
from .contents import WHOLE_AGAIN, read_object
from .packed import SCALE, whole_shapes
from .used import Used

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
SHARD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.safetensors")
MOST_HEADER = 32 * 2**20  # bytes
MOST_BYTES = 16 * 2**30  # all weights together
FLOATS = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
WHOLE = {"I64": 8, "I32": 4, "BOOL": 1, "U8": 1}  # buffers such as position_ids
EIGHT_BITS = {"I8": 1}  # beside a scale
HEADS = (  # the last of the head's weights, by architecture
    "classifier.out_proj.weight",
    "classifier.linear_out.weight",
    "classifier.weight",
    "score.weight",
    "logits_proj.weight",
    "classifier.1.weight",
    "fc.weight",
)
WRAPPERS = ("_orig_mod.", "module.")  # torch.compile, DistributedDataParallel
IN_FLOATS = "save the model in plain floats (dequantize)"
PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json")
OTHER_LIBRARIES = ("tf_model.h5", "flax_model.msgpack", "model.onnx")


@dataclass(frozen=True, slots=True)
class Weights:
    """The files, and the shape of every tensor by its name without `prefix`, which stands before all of them."""

    files: tuple[str, ...]
    shapes: dict[str, tuple[int, ...]]
    prefix: str = ""
    packed: bool = False  # some are stored as packed.py describes it

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())

    @property
    def outputs(self) -> int | None:
        """Rows of the classification head, None without one."""
        return next((self.shapes[name][0] for name in HEADS if self.shapes.get(name)), None)


def read_weights(used: Used) -> Weights:
    """Raises BadModel where weights are missing, too large, named outside the folder, or not plain floats."""
    folder = used.folder
    if used.has(SINGLE):
        names = [SINGLE]
    elif used.has(INDEX):
        names = _shards(used)
    else:
        raise BadModel(_missing(folder))
    if (size := sum((folder / name).stat().st_size for name in names)) > MOST_BYTES:
        raise BadModel(f"the weights have {size} bytes; at most {MOST_BYTES} are loaded")
    stored: dict[str, tuple[int, ...]] = {}
    for name in names:
        stored |= read_header(folder / name, packed=True)
    shapes = _whole(stored)
    if names != [SINGLE]:
        lacking = set(read_object(folder / INDEX)["weight_map"]) - set(shapes)
        if lacking:
            raise BadModel(f"{INDEX} names weights that no shard holds: {', '.join(sorted(lacking)[:3])}")
    prefix = _prefix(shapes)
    plain = {name.removeprefix(prefix): shape for name, shape in shapes.items()}
    files = tuple(names) if names == [SINGLE] else (INDEX, *names)
    return Weights(files, plain, prefix, packed=len(shapes) < len(stored))


def _whole(stored: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes once the weights are unpacked. Raises BadModel where packing does not fit, or hides too much."""
    try:
        shapes = whole_shapes(stored)
    except ValueError as error:
        raise BadModel(f"{SINGLE} is damaged: {error}") from None
    if (size := 4 * sum(map(math.prod, shapes.values()))) > MOST_BYTES:
        raise BadModel(f"the weights have {size} bytes once they are unpacked; at most {MOST_BYTES} are loaded")
    return shapes


def _prefix(names: Iterable[str]) -> str:
    """The prefix that wrappers left before the name of every weight."""
    prefix, rest = "", list(names)
    while wrapper := next((one for one in WRAPPERS if rest and all(name.startswith(one) for name in rest)), None):
        prefix, rest = prefix + wrapper, [name.removeprefix(wrapper) for name in rest]
    return prefix


def _missing(folder: Path) -> str:
    """The reason and its cure, by what is there in the place of the weights."""
    cure = "save the model with save_pretrained(…, safe_serialization=True)"
    if there := next((name for name in PICKLES if (folder / name).exists()), None):
        return (
            f"{SINGLE} is missing, and {there} can hold pickled objects, which run code when they are read: "
            f"load the model where you trust it and {cure}"
        )
    if there := next((name for name in OTHER_LIBRARIES if (folder / name).exists()), None):
        return f"{SINGLE} is missing, and {there} is the format of another library: load it in PyTorch and {cure}"
    return f"{SINGLE} is missing: {cure}"


def _shards(used: Used) -> list[str]:
    table = read_object(used.folder / INDEX).get("weight_map")
    if not isinstance(table, dict) or not table:
        raise BadModel(f"{INDEX} has no weight_map")
    names = sorted({str(name) for name in table.values()})
    for name in names:
        if not SHARD.fullmatch(name):
            raise BadModel(f"{INDEX} names {name[:60]!r}; a shard must be a plain name of a .safetensors file here")
        if not used.has(name):
            raise BadModel(f"{INDEX} names {name}, which is missing")
    return names


def read_header(path: Path, *, packed: bool = False) -> dict[str, tuple[int, ...]]:
    """Shape of every tensor. Raises BadModel where the file is cut short, damaged, or quantised in a way that is not
    ours; `packed`: tensors of 8 bits that have a scale may be there."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = file.read(8)
        count = struct.unpack("<Q", length)[0] if len(length) == 8 else 0
        if not 2 <= count <= min(MOST_HEADER, size - 8):
            raise BadModel(f"{path.name} is damaged (its header is missing or cut short): {WHOLE_AGAIN}")
        try:
            header = json.loads(file.read(count))
            tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
            scaled = {name for name in tensors if packed and name + SCALE in tensors}
            return {n: _shape(entry, size - 8 - count, path.name, scaled=n in scaled) for n, entry in tensors.items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadModel(f"{path.name} is damaged ({str(error)[:100]}): {WHOLE_AGAIN}") from None


def _shape(entry: Any, room: int, file: str, *, scaled: bool) -> tuple[int, ...]:
    """Raises BadModel for a type of weights that is not read, ValueError for what no whole file says."""
    kind, shape, (start, stop) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
    width = (FLOATS | WHOLE | (EIGHT_BITS if scaled else {})).get(kind)
    if width is None:
        known = ", ".join(FLOATS)
        raise BadModel(f"{file} has weights of type {str(kind)[:20]!r}, only {known} can be explained: {IN_FLOATS}")
    if not all(isinstance(n, int) and n >= 0 for n in (*shape, start, stop)):
        raise ValueError("a shape or offset is no whole number")
    if stop > room or stop - start != width * math.prod(shape):
        raise ValueError("a tensor reaches beyond the end of the file")
    return shape
