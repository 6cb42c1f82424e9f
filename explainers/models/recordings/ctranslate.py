"""Whisper in the file of CTranslate2, made once into a plain folder as transformers has it.

The file is a list of entries: name, shape, type and data, then names that mean the same (CTranslate2,
src/models/model.cc). Its products of query, key and value are one matrix, which is cut again.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadModel
from ...inputs.audio.hearing import EXTRACTOR, FILE

VERSION, KIND = 6, "WhisperSpec"
TYPES = {0: "<f4", 1: "i1", 2: "<i2", 3: "<i4", 4: "<f2"}
MOST_ENTRIES = 10_000
Arrays = Mapping[str, np.ndarray[Any, Any]]
START, NO_TIMES, END = "<|startoftranscript|>", "<|notimestamps|>", "<|endoftext|>"
SIDES = ("encoder", "decoder")
PARTS = (  # by CTranslate2's names and by transformers', the longer ones first
    ("embeddings/weight", "embed_tokens.weight"),
    ("position_encodings/encodings", "embed_positions.weight"),
    ("self_attention/layer_norm", "self_attn_layer_norm"),
    ("attention/layer_norm", "encoder_attn_layer_norm"),
    ("ffn/layer_norm", "final_layer_norm"),
    ("ffn/linear_0", "fc1"),
    ("ffn/linear_1", "fc2"),
)


def write_folder(path: Path, folder: Path) -> None:
    """The plain folder of a model of one language; tokenizer.json and config.json lie beside it. Raises BadModel."""
    import torch
    from safetensors.torch import save_file

    arrays = read(path)
    weights = {name: torch.from_numpy(array.copy()) for name, array in _named(arrays)}
    tokenizer = json.loads((path.parent / "tokenizer.json").read_text(encoding="utf-8"))
    settings = json.loads((path.parent / "config.json").read_text(encoding="utf-8"))
    special = {each["content"]: each["id"] for each in tokenizer["added_tokens"]}
    shape = _shape(weights, arrays)
    folder.mkdir(parents=True)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "tokenizer.json", tokenizer)
    _write(folder / "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END})
    _write(folder / FILE, {"feature_extractor_type": EXTRACTOR, "feature_size": shape["num_mel_bins"]})
    ends = {"decoder_start_token_id": special[START], "eos_token_id": special[END], "pad_token_id": special[END]}
    _write(
        folder / "generation_config.json",
        {
            **ends,
            "no_timestamps_token_id": special[NO_TIMES],
            "suppress_tokens": settings["suppress_ids"],
            "begin_suppress_tokens": settings["suppress_ids_begin"],
            "alignment_heads": settings["alignment_heads"],
            "is_multilingual": False,
        },
    )
    described = {"architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper", **shape, **ends}
    _write(folder / "config.json", described)  # last: now it is whole


def read(path: Path) -> Arrays:
    """Every array by its name. Raises BadModel for another file, and for one that is cut short."""
    try:
        return dict(_entries(path.read_bytes()))
    except (struct.error, ValueError, UnicodeDecodeError, KeyError) as error:
        raise BadModel(f"{path.name} is no Whisper of CTranslate2, or is cut short: {error}") from error


def _entries(content: bytes) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    at = 0

    def number(kind: str) -> int:
        nonlocal at
        (found,) = struct.unpack_from(f"<{kind}", content, at)
        at += struct.calcsize(kind)
        return int(found)

    def name() -> str:
        nonlocal at
        length = number("H")
        at += length
        return content[at - length : at].rstrip(b"\0").decode()

    version, kind = number("I"), name()
    if (version, kind) != (VERSION, KIND):
        raise ValueError(f"version {version} of {kind[:40]!r}")
    number("I")  # the revision of the kind
    count = number("I")
    if count > MOST_ENTRIES:
        raise ValueError(f"{count} entries")
    for _ in range(count):
        called = name()
        shape = [number("I") for _ in range(number("B"))]
        held, size = np.dtype(TYPES[number("B")]), number("I")
        if size != held.itemsize * math.prod(shape) or at + size > len(content):
            raise ValueError(f"{called} has {size} bytes")
        yield called, np.frombuffer(content, held, math.prod(shape), at).reshape(shape)
        at += size


def _named(arrays: Arrays) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Weights by the names of transformers; numbers that are no weights are left out."""
    for name, array in arrays.items():
        if array.ndim == 0 or name.startswith("decoder/alignment"):
            continue
        side, _, rest = name.partition("/")
        layer, part = re.match(r"(?:layer_(\d+)/)?(.*)", rest).groups()  # type: ignore[union-attr]
        prefix = f"model.{side}." + (f"layers.{layer}." if layer else "")
        if attention := re.fullmatch(r"(self_)?attention/linear_(\d)/(weight|bias)", part):
            yield from _attention(prefix, array, bool(attention[1]), int(attention[2]), attention[3])
            continue
        for theirs, ours in PARTS:
            part = part.replace(theirs, ours) if part.startswith(theirs) else part
        part = part.replace("gamma", "weight").replace("beta", "bias").replace("/", ".")
        yield prefix + part, array


def _attention(
    prefix: str, array: np.ndarray[Any, Any], own: bool, place: int, kind: str
) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    """Matrices of one product: query, key and value of a layer's own states are one, of others key and value."""
    parts = (
        (("q_proj", "k_proj", "v_proj"), ("out_proj",)) if own else (("q_proj",), ("k_proj", "v_proj"), ("out_proj",))
    )
    names = parts[place]
    for name, piece in zip(names, np.split(array, len(names)), strict=True):
        if (name, kind) != ("k_proj", "bias"):  # which is 0: transformers has none
            yield f"{prefix}{'self_attn' if own else 'encoder_attn'}.{name}.{kind}", piece


def _shape(weights: Mapping[str, Any], arrays: Arrays) -> dict[str, Any]:
    """The sizes of a WhisperConfig, as the weights have them."""
    vocabulary, width = weights["model.decoder.embed_tokens.weight"].shape
    layers = {side: sum(f"model.{side}.layers.{n}.fc1.weight" in weights for n in range(100)) for side in SIDES}
    return {
        "vocab_size": vocabulary,
        "d_model": width,
        "num_mel_bins": weights["model.encoder.conv1.weight"].shape[1],
        "max_source_positions": weights["model.encoder.embed_positions.weight"].shape[0],
        "max_target_positions": weights["model.decoder.embed_positions.weight"].shape[0],
        **{f"{side}_layers": layers[side] for side in SIDES},
        **{f"{side}_attention_heads": int(arrays[f"{side}/num_heads"]) for side in SIDES},
        **{f"{side}_ffn_dim": weights[f"model.{side}.layers.0.fc1.weight"].shape[0] for side in SIDES},
    }


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
