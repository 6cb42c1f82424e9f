"""The network of a model outside the model: a copy to change, and what its weights hold in memory."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ..contract import Model
from ..errors import Incompatible
from .prompts.classifier import PromptClassifier
from .transformer import TransformerModel


def copy_network(model: Model) -> tuple[Any, Any]:
    """A copy of a text classifier's network, in fp32 on the CPU, and its tokenizer. Raises Incompatible."""
    found = _classifier(model)
    return deepcopy(found.network_in("fp32").module).cpu(), found.tokenizer


def weights_in_memory(model: Model) -> int:
    """Bytes of the parameters and buffers of a text classifier; of a prompt those of its base. Raises Incompatible."""
    module = model.module if isinstance(model, PromptClassifier) else _classifier(model).network_in("fp32").module
    held = {tensor.data_ptr(): tensor.nbytes for tensor in (*module.parameters(), *module.buffers())}
    return sum(held.values())


def _classifier(model: Model) -> TransformerModel:
    if not isinstance(model, TransformerModel) or model.task != "text":
        raise Incompatible(f"{model.id} is no classifier of texts: its weights cannot be changed here")
    return model
