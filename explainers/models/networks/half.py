"""Masked evaluations in bf16: the stack of layers alone; embeddings, pooler, head and the value function stay fp32.

Two to three times faster where the processor multiplies bf16. Never for a number shown as a prediction.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from itertools import chain
from typing import Any

import numpy as np
import torch

from ...contract import BoolArray, FloatArray, HalfCheck

MASK = 4  # dimensions of what is added to the scores of attention
# Of what masks: the lowest number of fp32 would become -inf, and NaN where all that a position sees is hidden.
LIMITS = (torch.finfo(torch.bfloat16).min, torch.finfo(torch.bfloat16).max)


def half_copy(module: Any) -> Any:
    """The network with its stack of layers in bf16; everything else is shared with the original."""
    stack = layer_stack(module)
    shared = {id(t): t for t in chain(module.parameters(), module.buffers())}
    for tensor in chain(stack.parameters(), stack.buffers()):
        shared.pop(id(tensor), None)
    copied = copy.deepcopy(module, shared)
    for layer in layer_stack(copied):
        layer.to(torch.bfloat16)
        layer.forward = _in_half(layer.forward)
    return copied


def layer_stack(module: Any) -> torch.nn.ModuleList:
    """The list of layers: of all module lists the one with the most parameters."""
    lists = [m for m in module.base_model.modules() if isinstance(m, torch.nn.ModuleList)]
    return max(lists, key=lambda one: sum(p.numel() for p in one.parameters()))


def _in_half(forward: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(forward)
    def cast_forward(*args: Any, **kwargs: Any) -> Any:
        return _cast(forward(*_cast(args, torch.bfloat16), **_cast(kwargs, torch.bfloat16)), torch.float32)

    return cast_forward


def _cast(value: Any, dtype: torch.dtype) -> Any:
    """Every float tensor in tuples, lists and dictionaries; the rest as it is."""
    if isinstance(value, torch.Tensor):
        if not value.is_floating_point():
            return value
        return (value.clamp(*LIMITS) if value.dim() == MASK else value).to(dtype)
    if isinstance(value, dict):
        return {name: _cast(item, dtype) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return type(value)(_cast(item, dtype) for item in value)
    return value


def check_coalitions(players: int, *, rows: int = 32) -> BoolArray:
    """The coalitions of the self-check: fixed, of all sizes."""
    rng = np.random.default_rng(0)
    keep: BoolArray = rng.random((rows, players)) < rng.random((rows, 1))
    return keep


def compare(exact: FloatArray, half: FloatArray, *, supported: bool) -> HalfCheck:
    """Logits (rows, labels) of the same coalitions in both precisions."""
    columns = zip(exact.T, half.T, strict=True)
    found = [(_rank_agreement(a, b), _error(a, b)) for a, b in columns]
    return HalfCheck(
        supported=supported,
        rank_agreement=min(agreement for agreement, _ in found),
        value_error=max(error for _, error in found),
    )


def _rank_agreement(first: FloatArray, second: FloatArray) -> float:
    """Kendall's τ-b (Kendall 1945)."""
    above = np.triu_indices(len(first), 1)
    a, b = (np.sign(np.subtract.outer(v, v))[above] for v in (first, second))
    scale = np.sqrt(float((a != 0).sum()) * float((b != 0).sum()))
    return float((a * b).sum() / scale) if scale else 1.0


def _error(exact: FloatArray, half: FloatArray) -> float:
    spread = float(np.linalg.norm(exact - exact.mean()))
    return float(np.linalg.norm(half - exact)) / spread if spread else 0.0
