"""From a model and a plan to a folder with a smaller model, whose card names its parent and every step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from .._library import explainers
from ..errors import BadRequest
from . import pruning
from .distilling import distil
from .plan import Bits, Distil, Heads, Layers, Neurons, Plan, Step, Weights
from .pruning import Masks
from .texts import Batches

LIBRARIES = ("torch", "transformers")
MEASURING_TOKENS = 4096
Told = Callable[[float, str], None]


@dataclass
class Under:
    """A model under compression. told: what each step did, for the card."""

    network: Any
    teacher: Any
    tokenizer: Any
    maximum_length: int
    texts: Sequence[str]
    plan: Plan
    masks: Masks = field(default_factory=dict)
    told: list[dict[str, str]] = field(default_factory=list)

    def batches(self, texts: Sequence[str], tokens: int) -> Batches:
        return Batches(self.tokenizer, texts, maximum_length=self.maximum_length, tokens=tokens, seed=self.plan.seed)

    @property
    def measured(self) -> Batches:
        return self.batches(list(islice(self.texts, self.plan.measured_on)), MEASURING_TOKENS)


def compress(
    model: explainers.Model, plan: Plan, texts: Sequence[str], out: Path, *, data: Path | None = None, tell: Told
) -> dict[str, Any]:
    """Writes the smaller model to `out` and returns its card. Raises BadRequest, Incompatible, BadModel, OSError."""
    if plan.needs_texts and not texts:
        raise BadRequest(f"the plan {plan.name} measures on texts", cure="Give a file of texts with --data.")
    network, tokenizer = explainers.copy_network(model)
    torch.manual_seed(plan.seed)
    teacher, _ = explainers.copy_network(model)
    assert model.maximum_length is not None
    under = Under(network, teacher, tokenizer, model.maximum_length, texts, plan)
    for number, step in enumerate(plan.step):

        def told(share: float, at: int = number, name: str = step.do) -> None:
            tell((at + share) / len(plan.step), name)

        told(0.0)
        under.told.append({"do": step.do, "told": _apply(under, step, told)})
    card = _card(model, under, data)
    under.network.config.id2label = dict(enumerate(model.labels))
    under.network.config.label2id = {label: at for at, label in enumerate(model.labels)}
    explainers.save_classifier(
        under.network, tokenizer, out, bits=plan.bits, maximum_length=model.maximum_length, card=card
    )
    return card


def _apply(under: Under, step: Step, tell: Callable[[float], None]) -> str:
    """Does one step; what it did, in a line."""
    network = under.network
    if isinstance(step, Heads):
        under.masks |= _both(under.masks, pruning.prune_heads(network, under.measured, step.share))
        return f"{step.share:.0%} of the heads switched off"
    if isinstance(step, Weights):
        under.masks |= _both(under.masks, pruning.prune_weights(network, under.measured, step.share))
        return f"{step.share:.0%} of the weights of the layers set to zero"
    if isinstance(step, Neurons):
        _refuse_masked(under, step.do)
        pruning.prune_neurons(network, under.measured, step.share)
        return f"{step.share:.0%} of the inner neurons removed"
    if isinstance(step, Layers):
        _refuse_masked(under, step.do)
        stay = pruning.remove_layers(network, under.measured, step.keep, tell)
        return f"layers kept: {', '.join(str(at + 1) for at in stay)}"
    if isinstance(step, Distil):
        batches = under.batches(under.texts[: under.plan.learned_from], step.tokens_per_batch)
        loss = distil(network, under.teacher, batches, step, masks=under.masks, tell=tell)
        return f"{step.epochs:g} epochs on {len(under.texts):,} texts, loss {loss:.3f} at the end"
    assert isinstance(step, Bits)
    return f"weights in {step.bits} bits"


def _refuse_masked(under: Under, do: str) -> None:
    """Raises BadRequest: masks know their weights by place, and removing moves the places."""
    if under.masks:
        raise BadRequest(
            f"{do} comes after a step that sets weights to zero", cure=f"Put {do} before heads and weights."
        )


def _both(held: Masks, more: Masks) -> Masks:
    return {name: mask & held[name] if name in held else mask for name, mask in more.items()}


def _card(model: explainers.Model, under: Under, data: Path | None) -> dict[str, Any]:
    parent = dict(model.card or {})
    plan = under.plan
    limits = [*parent.get("limits", []), "Compressed: compare it with its parent before it takes its place."]
    learned = []
    if data is not None and plan.needs_texts:
        digest = hashlib.sha256(data.read_bytes()).hexdigest()
        learned.append({"path": data.name, "rows": len(under.texts), "sha256": digest})
    return {
        "name": plan.name,
        "title": plan.title or f"{model.title}, {plan.name}",
        "description": parent.get("description", ""),
        "intended_use": parent.get("intended_use", ""),
        "limits": limits,
        "language": parent.get("language", ""),
        "labels": list(model.labels),
        "maximum_length": under.maximum_length,
        "parent": {"id": model.id, "title": model.title, "digest": model.digest},
        "steps": under.told,
        "plan": plan.model_dump(mode="json"),
        "seed": plan.seed,
        "trained_on": learned,
        "libraries": {name: version(name) for name in LIBRARIES},
    }
