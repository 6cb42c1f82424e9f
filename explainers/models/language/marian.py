"""Tiny translation models of Marian in its binary format, with weights of 8 bits, and their tokenizer.

The file begins with a version and a number of entries; of each entry follow the lengths of its name, shape and data and
its type, then all names, all shapes, and the data. Weights of 8 bits are stored with the factor they were multiplied
by behind them (marian-dev, src/common/binary.cpp and src/tensors/cpu/intgemm_interface.h); those of products are
stored transposed, the table of embeddings as it is.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import BadModel

VERSION = 1
MOST_ENTRIES = 4096
FLOATS, EIGHT_BITS = 0x404, 0x4101
TABLE = "Wemb"
ENDS, UNKNOWN = "</s>", "<unk>"
LONGEST = 256  # tokens of a sentence, far more than these models were trained on


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    kind: int
    shape: tuple[int, ...]
    data: bytes


def weights_of(path: Path) -> Mapping[str, torch.Tensor]:
    """Every weight by Marian's name, in fp32, as its products take it: (inputs, outputs). Raises BadModel."""
    try:
        return {entry.name: _weight(entry) for entry in _entries(path) if entry.kind in (FLOATS, EIGHT_BITS)}
    except (struct.error, ValueError, UnicodeDecodeError, IndexError) as error:
        raise BadModel(f"{path.name} is no binary model of Marian, or is cut short: {error}") from error


def _entries(path: Path) -> list[Entry]:
    content = path.read_bytes()
    version, count = struct.unpack_from("<QQ", content)
    if version != VERSION or not 0 < count <= MOST_ENTRIES:
        raise BadModel(f"{path.name} is no binary model of Marian: version {version}, {count} entries")
    at = 16
    heads = [struct.unpack_from("<QQQQ", content, at + 32 * number) for number in range(count)]
    at += 32 * count
    names = []
    for length, *_ in heads:
        names.append(content[at : at + length].rstrip(b"\0").decode())
        at += length
    shapes = []
    for _, _, dimensions, _ in heads:
        shapes.append(struct.unpack_from(f"<{dimensions}i", content, at))
        at += 4 * dimensions
    (gap,) = struct.unpack_from("<Q", content, at)
    at += 8 + gap
    found = []
    for name, shape, (_, kind, _, size) in zip(names, shapes, heads, strict=True):
        found.append(Entry(name, kind, shape, content[at : at + size]))
        at += size
    return found


def _weight(entry: Entry) -> torch.Tensor:
    count = math.prod(entry.shape)
    if entry.kind == FLOATS:
        return torch.from_numpy(np.frombuffer(entry.data, "<f4", count).reshape(entry.shape).copy())
    (factor,) = np.frombuffer(entry.data[count : count + 4], "<f4")
    numbers = np.frombuffer(entry.data, "i1", count).astype(np.float32) / factor
    shaped = numbers.reshape(entry.shape) if entry.name == TABLE else numbers.reshape(entry.shape[::-1]).T
    return torch.from_numpy(np.ascontiguousarray(shaped))


def tokenizer_of(path: Path) -> Any:
    """The fast tokenizer, which ends every source as the model was trained on it."""
    from tokenizers import Tokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers.tokenization_utils_tokenizers import PreTrainedTokenizerFast

    backend = Tokenizer.from_file(str(path))
    backend.post_processor = TemplateProcessing(single=f"$A {ENDS}", special_tokens=[(ENDS, backend.token_to_id(ENDS))])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token=ENDS,
        unk_token=UNKNOWN,
        model_max_length=LONGEST,
        clean_up_tokenization_spaces=False,
    )
