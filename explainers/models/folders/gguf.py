"""Single files of llama.cpp (GGUF): judged by their headers, then turned once into a plain folder in 32-bit floats.

The weights are dequantised by transformers' own reader. The folder made of them is kept by the file's SHA-256 and is
loaded like any other, with the same checks.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from ...errors import BadModel
from ..architectures import CAUSAL
from ..kept import kept_copy
from .contents import refuse_sizes
from .weights import MOST_BYTES

SUFFIX = ".gguf"
MAGIC = b"GGUF"
VERSIONS = (2, 3)
MOST_FIELDS = 4096
MOST_TENSORS = 16_384
MOST_ITEMS = 2_000_000  # of an array, such as a vocabulary
LONGEST_NAME = 2**16  # bytes
LONGEST_TEXT = 2**20  # bytes of a value, such as a chat template
MOST_DEPTH = 4
WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes by type of value
TEXT, ARRAY = 8, 9
LEFT_OUT = ("quantization_config", "_name_or_path", "_model_name_or_path", "gguf_file")


def is_gguf(path: Path) -> bool:
    """Whether a path names a file of this kind."""
    return path.suffix.lower() == SUFFIX and path.is_file()


def folder_of(
    path: Path, *, kept: Path, digest: str | None = None, verify: Callable[[Path], None] | None = None
) -> Path:
    """The plain folder of a GGUF file: the one kept below `kept`, else made now. Raises BadModel.

    digest: the file's SHA-256, read where it is not given; verify: called before the file is read.
    """
    if digest is None:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return kept_copy(path, kept / digest / path.stem, _written, verify=verify)


def _written(path: Path, folder: Path) -> None:
    read_header(path)
    _converted(path, folder)


def _converted(path: Path, folder: Path) -> None:
    """config.json last: a folder without it is not finished."""
    from .loading import offline_and_quiet

    try:
        with offline_and_quiet(), redirect_stderr(StringIO()):  # of its bar
            network, tokenizer = _dequantised(path)
    except ImportError as error:
        raise BadModel(f"{path.name}: reading it needs the package gguf: {error}") from None
    except Exception as error:
        if isinstance(error, BadModel):
            raise
        reason = " ".join(str(error).split())[:200]
        raise BadModel(f"{path.name} cannot be read: {type(error).__name__}: {reason}") from error
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    tied = set(getattr(network, "all_tied_weights_keys", None) or {}) if network.config.tie_word_embeddings else set()
    weights = {name: weight.contiguous() for name, weight in network.state_dict().items() if name not in tied}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    tokenizer.save_pretrained(folder)
    config = {name: held for name, held in network.config.to_dict().items() if name not in LEFT_OUT}
    config["architectures"] = [type(network).__name__]
    (folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")


def _dequantised(path: Path) -> tuple[Any, Any]:
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    given = {"gguf_file": path.name, "local_files_only": True}
    config = AutoConfig.from_pretrained(path.parent, **given)
    if config.model_type not in CAUSAL:
        known = ", ".join(sorted(CAUSAL))
        raise BadModel(f"{path.name}: model_type {config.model_type!r} is not supported; there are {known}")
    refuse_sizes(config.to_dict(), path.name)
    network = AutoModelForCausalLM.from_pretrained(path.parent, **given, dtype=torch.float32)
    return network, AutoTokenizer.from_pretrained(path.parent, **given)


def read_header(path: Path) -> int:
    """Weights that the file says it holds, as numbers. Raises BadModel for a header that is cut short or lies."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise BadModel(f"{path.name} has {size} bytes; at most {MOST_BYTES} are loaded")
    with path.open("rb") as file:
        header = _Header(file, size, path.name)
        if header.taken(4) != MAGIC:
            raise BadModel(f"{path.name} is no GGUF file")
        version, tensors, fields = header.number("<I"), header.number("<Q"), header.number("<Q")
        if version not in VERSIONS:
            raise BadModel(f"{path.name}: GGUF version {version} is not read; 2 and 3 are")
        if tensors > MOST_TENSORS or fields > MOST_FIELDS:
            raise BadModel(f"{path.name} says it has {tensors} weights and {fields} fields: no model has so many")
        for _ in range(fields):
            header.text(LONGEST_NAME)
            header.value(header.number("<I"))
        return sum(header.tensor() for _ in range(tensors))


class _Header:
    """Reads a header that may lie: nothing is read or counted beyond what the file holds."""

    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self.file, self.size, self.name = file, size, name

    def _damaged(self, what: str) -> BadModel:
        return BadModel(f"{self.name} is damaged: {what}")

    def _left(self) -> int:
        return self.size - self.file.tell()

    def taken(self, count: int) -> bytes:
        if count > self._left():
            raise self._damaged("its header reaches beyond the end of the file")
        return self.file.read(count)

    def number(self, kind: str) -> int:
        (found,) = struct.unpack(kind, self.taken(struct.calcsize(kind)))
        return int(found)

    def text(self, longest: int) -> None:
        length = self.number("<Q")
        if length > min(longest, self._left()):
            raise self._damaged(f"a text of {length} bytes is said to be in it")
        self.file.seek(length, os.SEEK_CUR)

    def value(self, kind: int, depth: int = 0) -> None:
        if kind in WIDTHS:
            self.taken(WIDTHS[kind])
        elif kind == TEXT:
            self.text(LONGEST_TEXT)
        elif kind == ARRAY and depth < MOST_DEPTH:
            self._array(depth)
        else:
            raise self._damaged(f"a value is of the unknown type {kind}")

    def _array(self, depth: int) -> None:
        kind, count = self.number("<I"), self.number("<Q")
        if count > min(MOST_ITEMS, self._left()):
            raise self._damaged(f"an array of {count} values is said to be in it")
        if kind in WIDTHS:
            if count * WIDTHS[kind] > self._left():
                raise self._damaged(f"an array of {count} values is said to be in it")
            self.file.seek(count * WIDTHS[kind], os.SEEK_CUR)
            return
        for _ in range(count):
            self.value(kind, depth + 1)

    def tensor(self) -> int:
        """Numbers of one weight, of which none takes less than two bits."""
        self.text(LONGEST_NAME)
        rank = self.number("<I")
        if rank > 4:
            raise self._damaged(f"a weight has {rank} dimensions")
        count = math.prod(self.number("<Q") for _ in range(rank))
        self.number("<I")
        start = self.number("<Q")
        if count > 8 * self.size or start > self.size:
            raise self._damaged(f"a weight of {count} numbers is said to be in it, more than the file can hold")
        return count
