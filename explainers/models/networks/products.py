"""The parts of a pass, products with weights and attention, as fast as the processor has them.

Products are oneDNN's: torch leaves fp32 to MKL, which on AMD's processors is less than half as fast; and oneDNN's bf16
lays the weight out at every call unless that was done before. Both are operations that torch keeps to itself and may
rename or drop: `operation` looks them up, and where one is missing torch's public ones are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.overrides import TorchFunctionMode

Linear: TypeAlias = Callable[[torch.Tensor], torch.Tensor]
Private: TypeAlias = Literal["_linear_pointwise", "_reorder_linear_weight", "_is_mkldnn_bf16_supported"]


def operation(name: Private) -> Callable[..., Any] | None:
    """oneDNN's operation of that name; None where this torch has no oneDNN or no such operation."""
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return None
    found: Callable[..., Any] | None = getattr(torch.ops.mkldnn, name, None)
    return found


def product(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """states (…, in) → (…, out) in fp32, with gradients to the states. `weight` (out, in) is not copied."""
    if not _left_to_mkl(weight):
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: _Product.apply(states, weight, bias)  # type: ignore[no-untyped-call]


def packed_product(weight: torch.Tensor, bias: torch.Tensor) -> Linear:
    """The product in bf16, without gradients, from a weight that is laid out for the processor once."""
    packed = _packed(weight)
    if packed is None:
        return lambda states: functional.linear(states, weight, bias)
    return lambda states: _multiplied(states, packed, bias)


def attended(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """softmax(query keyᵀ / √size) value, each (rows, heads, tokens, size).

    On a processor two plain products are twice as fast on short rows as torch's own attention, made for long ones.
    """
    if query.device.type != "cpu":
        return functional.scaled_dot_product_attention(query, key, value)
    asked, looked_at, said = (each.reshape(-1, *each.shape[2:]) for each in (query, key, value))
    scale = asked.shape[-1] ** -0.5
    likeness = torch.baddbmm(asked.new_zeros(1), asked, looked_at.transpose(1, 2), beta=0, alpha=scale)
    return torch.bmm(likeness.softmax(dim=-1), said).view(query.shape)


class Quicker(TorchFunctionMode):
    """Within it linear layers of any module multiply in fp32 by oneDNN, with gradients to the states alone, and plain
    attention is `attended`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is functional.linear and not kwargs and args[1].dtype == torch.float32 and _left_to_mkl(args[1]):
            states, weight, *bias = args
            return _Product.apply(states, weight, *(bias or [None]))  # type: ignore[no-untyped-call]
        if func is functional.scaled_dot_product_attention and _plain(*args, **(kwargs or {})):
            return attended(*args[:3])
        return func(*args, **(kwargs or {}))


def _plain(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> bool:
    """Every token looks at every other, with the usual scale, by a key of its own for each query."""
    unusual = attn_mask is not None or dropout_p or is_causal or enable_gqa
    usual = scale is None or math.isclose(scale, query.shape[-1] ** -0.5)
    return usual and not unusual and query.shape == key.shape == value.shape


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        ctx.weight = weight
        return _multiplied(states, weight, bias)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slopes: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        return _multiplied(slopes, ctx.weight.t(), None), None, None


def _left_to_mkl(weight: torch.Tensor) -> bool:
    able = weight.device.type == "cpu" and torch.backends.mkl.is_available()  # type: ignore[no-untyped-call]
    return able and operation("_linear_pointwise") is not None


def _packed(weight: torch.Tensor) -> torch.Tensor | None:
    """A bf16 weight as oneDNN lays it out; None where it would not multiply it."""
    able, lay_out = operation("_is_mkldnn_bf16_supported"), operation("_reorder_linear_weight")
    if weight.device.type != "cpu" or not (able and lay_out and operation("_linear_pointwise")) or not able():
        return None
    packed: torch.Tensor = lay_out(weight, None)
    return packed


def _multiplied(states: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    multiply = operation("_linear_pointwise")
    assert multiply is not None
    found: torch.Tensor = multiply(states, weight, bias, "none", [], "")
    return found
