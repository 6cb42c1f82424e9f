"""captum, shap and lime on the same network: each as its own documentation shows it, and batched as well as can be."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..contract import FloatArray, Model

STEPS = 50  # captum's default number of points
SAMPLES = 5000  # lime's default
AT_ONCE = 256  # texts that shap is told to hand over at once
BATCH = 64  # texts that lime's predict_proba puts through the model at once; lime hands over all of them


@dataclass(frozen=True, slots=True)
class Parts:
    """A user's parts for those libraries: the network, with gradients as it is loaded, and the tokenizer."""

    network: Any
    tokenizer: Any


def parts_of(model: Model) -> Parts:
    from ..models.transformer import TransformerModel

    assert isinstance(model, TransformerModel)
    network = copy.deepcopy(model._network.module).requires_grad_(True)
    return Parts(network.eval(), copy.deepcopy(model._encoder.tokenizer))


@dataclass(frozen=True, slots=True)
class Peer:
    """Explains one text; `network` is the one it runs, None where its rows cannot be counted."""

    explain: Callable[[str], Any]
    network: Any = None

    def __call__(self, text: str) -> Any:
        return self.explain(text)


def peers_of(model: Model) -> dict[str, Peer]:
    """The peers by name, in the order in which they are run. Each explains the predicted class of one text."""
    parts = parts_of(model)
    return {"captum": captum_peer(parts), "shap": shap_peer(parts), "lime": lime_peer(parts)}


def batched_peers_of(model: Model) -> dict[str, Peer]:
    """The three peers as somebody asks them who knows their cost: equal texts once, rows by length in full batches,
    and bf16 where Whence uses it. captum puts all its points through at once anyway."""
    parts, half = parts_of(model), model.half_check
    asked = Deduplicated(parts, half=half is not None and half.ok)
    return {
        "captum": captum_peer(parts),
        "shap": Peer(shap_of(asked, parts), parts.network),
        "lime": Peer(lime_of(asked, parts), parts.network),
    }


def captum_peer(parts: Parts) -> Peer:
    """LayerIntegratedGradients of the embeddings from [MASK]s, 50 steps (captum's tutorial on BERT)."""
    import torch
    from captum.attr import LayerIntegratedGradients

    def forward(ids: Any, mask: Any) -> Any:
        return parts.network(input_ids=ids, attention_mask=mask).logits

    integrated = LayerIntegratedGradients(forward, parts.network.base_model.embeddings)

    def explain(text: str) -> Any:
        encoded = parts.tokenizer(text, return_tensors="pt")
        ids, mask = encoded["input_ids"], encoded["attention_mask"]
        special = torch.tensor(
            parts.tokenizer.get_special_tokens_mask(ids[0].tolist(), already_has_special_tokens=True)
        )
        baseline = torch.where(special.bool(), ids, parts.tokenizer.mask_token_id)
        with torch.inference_mode():
            target = int(forward(ids, mask).argmax())
        found, delta = integrated.attribute(
            ids,
            baselines=baseline,
            additional_forward_args=(mask,),
            target=target,
            n_steps=STEPS,
            return_convergence_delta=True,
        )
        return found.sum(dim=-1), delta

    return Peer(explain, parts.network)


def shap_peer(parts: Parts) -> Peer:
    """shap.Explainer of a transformers pipeline that returns all scores: the Partition explainer of shap's examples."""
    import shap
    from transformers import pipeline

    classifier = pipeline("text-classification", model=parts.network, tokenizer=parts.tokenizer, top_k=None)
    explainer = shap.Explainer(classifier)
    return Peer(lambda text: explainer([text], silent=True), parts.network)


def shap_of(asked: Deduplicated, parts: Parts) -> Callable[[str], Any]:
    """The Partition explainer on a function of texts, which gets as many of them at once as shap hands over."""
    import shap

    explainer = shap.Explainer(asked, shap.maskers.Text(parts.tokenizer), output_names=_names(parts))
    return lambda text: explainer([text], silent=True, batch_size=AT_ONCE)


def lime_peer(parts: Parts) -> Peer:
    """LimeTextExplainer with its 5,000 samples."""
    return Peer(lime_of(lambda texts: predict_proba(parts, texts), parts), parts.network)


def lime_of(asked: Callable[[list[str]], FloatArray], parts: Parts) -> Callable[[str], Any]:
    from lime.lime_text import LimeTextExplainer

    explainer = LimeTextExplainer(class_names=_names(parts), random_state=0)
    return lambda text: explainer.explain_instance(text, asked, top_labels=1, num_samples=SAMPLES)


def _names(parts: Parts) -> list[str]:
    return list(parts.network.config.id2label.values())


@dataclass(frozen=True, slots=True)
class Deduplicated:
    """Probabilities (texts, labels): each different text once, the shortest first, in full batches."""

    parts: Parts
    half: bool

    def __call__(self, texts: Any) -> FloatArray:
        import torch

        different = sorted(set(map(str, texts)), key=len)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.half):
            found = dict(zip(different, predict_proba(self.parts, different), strict=True))
        probabilities: FloatArray = np.array([found[str(text)] for text in texts])
        return probabilities


def predict_proba(parts: Parts, texts: list[str]) -> FloatArray:
    """Probabilities (texts, labels), in padded batches."""
    import torch

    found = []
    for start in range(0, len(texts), BATCH):
        batch = parts.tokenizer(list(texts[start : start + BATCH]), padding=True, return_tensors="pt")
        with torch.inference_mode():
            found.append(torch.softmax(parts.network(**batch).logits.float(), dim=-1).double().numpy())
    probabilities: FloatArray = np.concatenate(found)
    return probabilities


class Rows:
    """Counts the rows that go through the first embedding of a network while it is open."""

    def __init__(self, network: Any) -> None:
        self._embeddings = network.get_input_embeddings()
        self.batches: list[int] = []

    def __enter__(self) -> Rows:
        self._handle = self._embeddings.register_forward_pre_hook(lambda _, given: self.batches.append(len(given[0])))
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.remove()
