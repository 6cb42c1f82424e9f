"""The models that come with the product: small adapters on the one public base encoder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BadModel
from .base_weights import SHA256, base_folder, verify

if TYPE_CHECKING:
    import torch

    from ..transformer import TransformerModel

FOLDER = Path(__file__).parent.parent / "embedded"
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def embedded_names() -> tuple[str, ...]:
    """The embedded models, the one for the first screen first."""
    found = sorted(path.parent.name for path in FOLDER.glob("*/card.json"))
    return tuple(sorted(found, key=lambda name: name != "sentiment"))


def card_of(name: str) -> dict[str, Any]:
    """What is known of how the model was made: data, figures, limits. Raises BadModel for an unknown name."""
    if name not in embedded_names():
        raise BadModel(f"no embedded model is called {name!r}; there are {', '.join(embedded_names())}")
    card: dict[str, Any] = json.loads((FOLDER / name / "card.json").read_text(encoding="utf-8"))
    return card


def load_embedded(name: str, device: torch.device) -> TransformerModel:
    """Raises BadModel for an unknown name, missing or altered base weights, or an altered adapter."""
    card = card_of(name)
    folder = FOLDER / name
    verify(folder / ADAPTER[1], card["adapter"]["sha256"])
    return load_adapter(folder, device, id=name, title=card["title"], labels=tuple(card["labels"]), card=card)


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
    from ..networks.device import placed
    from ..transformer import TransformerModel
    from .adapter import merged_network
    from .loading import load_tokenizer

    base = base_folder()
    return TransformerModel(
        placed(merged_network(base, folder, labels), device),
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
