"""Attention weights and their gradients.

Fast attention kernels give no weights, so they are read off an eager twin: the same tensors in a second skeleton of
modules. The network that serves predictions is never switched and never gets a hook.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Head, ValueName
from ...errors import Incompatible
from ...game import passes
from .device import to_array
from .gradients import mirrored, value_tensor
from .masking import path_ends, whole_rows
from .network import Network, Passed

MOST_WEIGHTS = 2**27  # of all layers and heads together, 0.5 GB; BERT-large at 512 tokens has 100 million
SAME = 1e-4  # logits of the two implementations, over the largest of them or 1: fp32 sums in another order


def eager_twin(network: Network) -> Network:
    """The network with attention that gives its weights; it shares every tensor with the original."""
    module = shared_copy(network.module)
    if module.config._attn_implementation != "eager":
        module.set_attn_implementation("eager")
    return network.around(module)


def shared_copy(module: Any) -> Any:
    """New modules and configuration around the same parameters and buffers."""
    tensors = {id(tensor): tensor for tensor in chain(module.parameters(), module.buffers())}
    return copy.deepcopy(module, tensors)


def attentions(twin: Network, inputs: Encoded, *, served: FloatArray) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(layers, heads, tokens, tokens); rows look, columns are looked at.

    served: the logits (1, labels) of the served network. Raises Incompatible where the twin gives others.
    """
    _refuse_size(twin, inputs)
    passes.begins(1)
    with torch.inference_mode():
        passed = twin.forward(whole_rows(twin, inputs), attentions=True)
    _refuse_other(passed, served)
    return to_array(torch.cat(passed.attentions).float())


def attention_gradients(
    twin: Network, inputs: Encoded, *, value: ValueName, head: Head, targets: Sequence[int], served: FloatArray
) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Iterator[FloatArray]]:
    """Attentions (layers, heads, tokens, tokens) and, one target at a time, ∂v/∂attention. Raises Incompatible.

    One forward pass for all targets; one backward pass too where the gradients of two classes mirror each other.
    """
    _refuse_size(twin, inputs)
    passes.begins(1)
    place = path_ends(twin, inputs)[0][None].requires_grad_()
    with torch.enable_grad():
        passed = twin.forward(twin.rows(inputs, embeddings=place), attentions=True)
        _refuse_other(passed, served)
        values = value_tensor(passed.logits, value, head=head, targets=targets)[0]
    weights = to_array(torch.cat([a.detach() for a in passed.attentions]).float())
    alone = mirrored(passed.logits.shape[1], value, head)
    return weights, _slopes(values, passed.attentions, targets, alone=alone)


def _slopes(
    values: torch.Tensor, attentions: tuple[torch.Tensor, ...], targets: Sequence[int], *, alone: bool
) -> Iterator[FloatArray]:
    first: FloatArray | None = None
    for target, explained in zip(targets, values, strict=True):
        if first is not None and alone:
            yield first if target == targets[0] else -first
            continue
        passes.begins(1)
        slopes = to_array(torch.cat(torch.autograd.grad(explained, attentions, retain_graph=True)).double())
        first = slopes if first is None else first
        yield slopes


def _refuse_size(twin: Network, inputs: Encoded) -> None:
    config, tokens = twin.module.config, inputs.size
    count = config.num_hidden_layers * config.num_attention_heads * tokens**2
    if count > MOST_WEIGHTS:
        raise Incompatible(
            f"{tokens} tokens have {count} attention weights, at most {MOST_WEIGHTS}: shorten the text",
            reason="attention_size",
            tokens=tokens,
        )


def _refuse_other(passed: Passed, served: FloatArray) -> None:
    if not passed.attentions:
        raise Incompatible("this architecture does not give its attention weights", reason="no_attention")
    worst = float(np.abs(to_array(passed.logits.double()) - served).max())
    if not worst <= SAME * max(1.0, float(np.abs(served).max())):
        raise Incompatible(
            f"with readable attention the model gives other logits, by {worst:.2g}: no attention is shown",
            reason="other_logits",
        )
