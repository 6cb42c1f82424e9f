"""Masked evaluations in bf16: the stack of layers alone; embeddings, pooler, head and the value function stay fp32.

Two to three times faster where the processor multiplies bf16. Never for a number shown as a prediction.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from itertools import chain
from typing import Any

import numpy as np
import torch

from ...contract import BoolArray, FloatArray

AGREEMENT = 0.95  # Kendall's τ between fp32 and bf16 over the check's coalitions, at least
ERROR = 0.05  # relative L2 error of the centred logits, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class HalfCheck:
    """Whether bf16 may be used for one model on its device, and the evidence.

    supported: the device has bf16 arithmetic. rank_agreement: Kendall's τ of the logits over coalitions, the
    lowest of the labels. value_error: ‖bf16 − fp32‖ / ‖fp32 − its mean‖ of the logits, the highest of the labels.
    """

    supported: bool
    rank_agreement: float
    value_error: float

    @property
    def ok(self) -> bool:
        return self.supported and self.rank_agreement >= AGREEMENT and self.value_error <= ERROR


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
        return value.to(dtype) if value.is_floating_point() else value
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
