"""Products of states with weights by oneDNN, where torch has it.

torch leaves fp32 to MKL, which on AMD's processors is less than half as fast; and oneDNN's bf16 lays the weight out at
every call unless that was done before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Linear: TypeAlias = Callable[[torch.Tensor], torch.Tensor]


def product(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """states (…, in) → (…, out) in fp32, with gradients to the states. `weight` (out, in) is not copied."""
    if not _by_onednn(weight):
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: _Product.apply(states, weight, bias)  # type: ignore[no-untyped-call]


def packed_product(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """The same in bf16, without gradients, from a weight that is laid out for the processor once."""
    if not (_by_onednn(weight) and torch.ops.mkldnn._is_mkldnn_bf16_supported()):
        return lambda states: functional.linear(states, weight, bias)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight, None)
    return lambda states: _multiplied(states, packed, bias)


class ByOneDnn(TorchFunctionMode):
    """Within it the linear layers of any module multiply in fp32 by oneDNN, with gradients to the states alone."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is functional.linear and not kwargs and args[1].dtype == torch.float32 and _by_onednn(args[1]):
            states, weight, *bias = args
            return _Product.apply(states, weight, *(bias or [None]))  # type: ignore[no-untyped-call]
        return func(*args, **(kwargs or {}))


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.weight = weight
        return _multiplied(states, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return _multiplied(slopes, ctx.weight.t(), None), None, None


def _by_onednn(weight: torch.Tensor) -> bool:
    return weight.device.type == "cpu" and bool(torch._C._has_mkldnn)


def _multiplied(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    found: torch.Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
    return found
