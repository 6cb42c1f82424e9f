"""The models that come with the product: small adapters on the one public base encoder, and the encoder itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BadModel
from .base_weights import SHA256, base_folder, verify

if TYPE_CHECKING:
    import torch

    from ..similarity import SimilarityModel
    from ..transformer import TransformerModel

FOLDER = Path(__file__).parent.parent / "embedded"
ENCODER = "similarity"  # the base as it is, comparing two texts
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def embedded_names() -> tuple[str, ...]:
    """The embedded models, the one for the first screen first, the encoder last."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/card.json"))
    return (*sorted(found, key=lambda name: name != "sentiment"), ENCODER)


def card_of(name: str) -> dict[str, Any]:
    """The card of the model: data, figures, limits. Raises BadModel for an unknown name."""
    if name not in embedded_names():
        raise BadModel(f"no embedded model is called {name!r}; there are {', '.join(embedded_names())}")
    if name == ENCODER:
        raise BadModel(f"{ENCODER} has no card: it is the base encoder itself")
    card: dict[str, Any] = json.loads((FOLDER / name / "card.json").read_text(encoding="utf-8"))
    return card


def load_embedded(name: str, device: torch.device) -> TransformerModel | SimilarityModel:
    """Raises BadModel for an unknown name, missing or altered base weights, or an altered adapter."""
    if name == ENCODER:
        return _load_encoder(device)
    card = card_of(name)
    folder = FOLDER / name
    verify(folder / ADAPTER[1], card["adapter"]["sha256"])
    return load_adapter(folder, device, id=name, title=card["title"], labels=tuple(card["labels"]), card=card)


def _load_encoder(device: torch.device) -> SimilarityModel:
    """all-MiniLM-L6-v2 as it is: its folder is one of sentence-transformers. Raises BadModel."""
    from .folder import check_folder
    from .loading import load_encoder

    return load_encoder(replace(check_folder(base_folder()), id=ENCODER), device, title=ENCODER.title())


def load_adapter(
    folder: Path,
    device: torch.device,
    *,
    id: str,
    title: str,
    labels: tuple[str, ...],
    card: dict[str, Any] | None = None,
) -> TransformerModel:
    """A LoRA adapter merged into the base encoder in fp32. Raises BadModel."""
    from ..heads import TRAINED
    from ..networks.device import placed
    from ..transformer import TransformerModel
    from .adapter import merged_network
    from .loading import load_tokenizer

    base = base_folder()
    return TransformerModel(
        placed(merged_network(base, folder, labels, problem=TRAINED if card else None), device),
        load_tokenizer(base),
        id=id,
        title=title,
        card=card,
        digest=adapter_digest(folder),
        maximum_length=card["maximum_length"] if card else None,
    )


def adapter_digest(folder: Path) -> str:
    """SHA-256 over the base's and the adapter's files that decide what the model computes."""
    lines = [f"base/{name} {digest}" for name, digest in SHA256.items()]
    lines += [f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}" for name in ADAPTER]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
