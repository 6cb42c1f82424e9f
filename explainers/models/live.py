"""Models that are in memory already: a pipeline of transformers, or a network in the middle of its training."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from typing import Any

import torch

from ..contract import Model
from ..errors import Incompatible
from ..inputs.prompt.reading import template_of
from .architectures import CAUSAL, MODEL_TYPES, in_full
from .continuation import ContinuationModel
from .transformer import TransformerModel

TASKS = ("text-classification", "sentiment-analysis", "token-classification", "ner")
CONTINUES = "text-generation"
ACTIVATIONS = {"single": "softmax", "multi": "sigmoid", "regression": "none"}


def model_of(pipeline: Any) -> Model:
    """The model of a transformers pipeline, on a copy of its weights in fp32, on its device.

    Raises Incompatible for a pipeline of another task, for another architecture, and for one that makes other numbers
    of its outputs than the explanation would.
    """
    task = str(getattr(pipeline, "task", ""))
    if task not in (*TASKS, CONTINUES):
        known = ", ".join((*TASKS, CONTINUES))
        raise Incompatible(f"a pipeline of the task {task[:60]!r} cannot be explained; there are {known}")
    if task == CONTINUES:
        network, tokenizer = _copied(pipeline.model, pipeline.tokenizer, known=CAUSAL)
        digest, template = digest_of(network, tokenizer), template_of(tokenizer)
        return ContinuationModel(network, tokenizer, id=_name_of(network), digest=digest, template=template)
    model = classifier_of(pipeline.model, pipeline.tokenizer)
    _refuse_other_activation(pipeline, model)
    return model


def classifier_of(network: Any, tokenizer: Any, *, id: str | None = None) -> TransformerModel:
    """A classifier of texts or words in memory, on a copy of its weights. Raises Incompatible."""
    network, tokenizer = _copied(network, tokenizer, known=MODEL_TYPES)
    return TransformerModel(network, tokenizer, id=id or _name_of(network), digest=digest_of(network, tokenizer))


def digest_of(network: Any, tokenizer: Any) -> str:
    """SHA-256 over every weight and the tokenizer: two networks that differ in one number have two."""
    found = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    for name, weight in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(weight.detach().cpu().contiguous().view(torch.uint8).numpy())
    return found.hexdigest()


def _copied(network: Any, tokenizer: Any, *, known: Any) -> tuple[Any, Any]:
    kind = getattr(getattr(network, "config", None), "model_type", None)
    if kind not in known:
        raise Incompatible(f"a network of the type {kind!r} cannot be explained; there are {', '.join(sorted(known))}")
    if not getattr(tokenizer, "is_fast", False):
        raise Incompatible("the tokenizer is not a fast one: it gives no character offsets")
    copy = deepcopy(network)
    if hasattr(copy, "merge_and_unload"):  # an adapter of peft: merged into the copy
        copy = copy.merge_and_unload()
    copy = copy.float().requires_grad_(False).eval()
    reader = deepcopy(tokenizer)
    reader.backend_tokenizer.no_padding()
    reader.backend_tokenizer.no_truncation()
    return in_full(copy), reader


def _name_of(network: Any) -> str:
    """The end of where the network was loaded from; its class where it was not loaded."""
    place = str(getattr(network.config, "_name_or_path", "") or "").rstrip("/")
    return place.rpartition("/")[2] or type(network).__name__


def _refuse_other_activation(pipeline: Any, model: TransformerModel) -> None:
    """Raises Incompatible where the pipeline was told to show other numbers than the head's own."""
    asked = getattr(pipeline, "_postprocess_params", {}).get("function_to_apply")
    asked = getattr(asked, "value", asked)
    if asked is not None and model.task == "text" and asked != ACTIVATIONS.get(model.head):
        own = ACTIVATIONS.get(model.head)
        raise Incompatible(
            f"the pipeline applies {asked!r} to outputs that config.json reads with {own!r}: leave function_to_apply "
            "out, or correct problem_type in the model's configuration"
        )
