"""A classifier as a folder that may be loaded again under the same checks as any other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from ...errors import BadModel
from .contents import SAVED_FROM, names_code
from .folder import FolderReport, check_folder
from .packed import BITS, pack

LEFT_OUT = frozenset((*SAVED_FROM, "dtype", "torch_dtype", "transformers_version"))
POOLING, MODULES = "1_Pooling", "sentence_transformers.models"


def save_classifier(
    network: Any, tokenizer: Any, folder: Path, *, bits: int = 32, maximum_length: int, card: Mapping[str, Any]
) -> FolderReport:
    """Writes configuration, tokenizer, weights and card, and checks what was written. Raises BadModel, OSError.

    folder: empty, or not there yet. bits: of a weight, see packed.py. maximum_length: tokens that the model reads.
    """
    if bits not in BITS:
        raise BadModel(f"weights of {bits} bits are not stored; there are {', '.join(map(str, BITS))}")
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    return _saved(network, tokenizer, folder, pack(weights, bits=bits), maximum_length=maximum_length, card=card)


def save_encoder(network: Any, tokenizer: Any, folder: Path, *, maximum_length: int, card: Mapping[str, Any]) -> Path:
    """Writes an encoder so that it is loaded as one that compares texts by the mean of its last states, and can be the
    base of a training. folder: not there yet. Raises BadModel, OSError."""
    (folder / POOLING).mkdir(parents=True)
    _write(folder / POOLING / "config.json", {"pooling_mode_mean_tokens": True})
    kinds = {"Transformer": "", "Pooling": POOLING}
    _write(folder / "modules.json", [{"path": path, "type": f"{MODULES}.{kind}"} for kind, path in kinds.items()])
    return _saved(network, tokenizer, folder, _floats(network), maximum_length=maximum_length, card=card).path


def save_language_model(
    network: Any, tokenizer: Any, folder: Path, *, maximum_length: int, card: Mapping[str, Any]
) -> Path:
    """Writes a model that continues texts. folder: not there yet. Raises BadModel, OSError."""
    folder.mkdir(parents=True)
    tied = set(getattr(network, "all_tied_weights_keys", None) or {})
    weights = {name: weight for name, weight in _floats(network).items() if name not in tied}
    return _saved(network, tokenizer, folder, weights, maximum_length=maximum_length, card=card).path


def _saved(
    network: Any, tokenizer: Any, folder: Path, weights: dict[str, Any], *, maximum_length: int, card: Mapping[str, Any]
) -> FolderReport:
    """The report of a folder that holds what every model has: configuration, tokenizer, weights and card."""
    _write(folder / "config.json", _described(network))
    _save_tokenizer(tokenizer, folder, maximum_length)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "card.json", dict(card))
    return check_folder(folder)


def _floats(network: Any) -> dict[str, Any]:
    """The weights as 32-bit floats, by name."""
    return {name: weight.detach().float().cpu().contiguous() for name, weight in network.state_dict().items()}


def _described(network: Any) -> dict[str, Any]:
    config = {name: held for name, held in network.config.to_dict().items() if name not in LEFT_OUT}
    config = {name: held for name, held in config.items() if not names_code(name, held)}
    return {**config, "architectures": [type(network).__name__]}


def _save_tokenizer(tokenizer: Any, folder: Path, maximum_length: int) -> None:
    """Its own file, and of its configuration what is no path of this machine."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    held = json.loads(path.read_text(encoding="utf-8"))
    kept = {name: value for name, value in held.items() if name not in SAVED_FROM}
    _write(path, {**kept, "model_max_length": maximum_length})


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
