"""A device that is not there: torch knows it by name, the processor does its work, and mixing the two is an error.

Tensors on it hold one of the processor and say `pretend:0`. Like CUDA's they share no operation with tensors of the
processor but single numbers, and give no array. Autograd treats them as those of any accelerator.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "pretend"


class There(torch.Tensor):
    """A tensor on the device."""

    held: torch.Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> Any:
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=device(),
        )
        made.held = held
        return made

    def __repr__(self) -> str:
        return f"There({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_dispatch__(cls, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _done(operation, args, kwargs or {})


class Pretending(TorchDispatchMode):
    """While it is open tensors can be made on the device and moved there."""

    def __torch_dispatch__(self, operation: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _done(operation, args, kwargs or {})


class Mixed(RuntimeError):
    """As CUDA says it: expected all tensors to be on the same device."""


KERNELS = torch.library.Library("aten", "IMPL")  # what torch asks for beneath every mode: lists that index


@cache
def device() -> torch.device:
    _setup_privateuseone_for_python_backend(NAME)
    KERNELS.impl("empty_strided", _empty_strided, "PrivateUse1")
    KERNELS.impl("_copy_from", _copy_from, "PrivateUse1")
    return torch.device(NAME, 0)


def _empty_strided(size: Any, stride: Any, *, dtype: torch.dtype, **_: Any) -> There:
    return There(torch.empty_strided(size, stride, dtype=dtype))


def _copy_from(source: torch.Tensor, target: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
    _held(target).copy_(_held(source))
    return target


def _done(operation: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    flat, _ = tree_flatten((args, kwargs))
    tensors = [each for each in flat if isinstance(each, torch.Tensor)]
    there = any(isinstance(each, There) for each in tensors)
    moves = operation.name().split("::")[1].split(".")[0] in ("_to_copy", "copy_", "to")
    if there and not moves and any(each.dim() for each in tensors if not isinstance(each, There)):
        raise Mixed(f"{operation.name()}: expected all tensors to be on the same device")
    wanted = next((each for each in flat if isinstance(each, torch.device)), None)
    on_it = there if wanted is None else wanted.type == NAME
    args, kwargs = tree_map(_held, (args, kwargs))
    found = operation(*args, **kwargs)
    if operation._schema.is_mutable and isinstance(found, torch.Tensor):
        return flat[0]
    with torch.inference_mode(False):  # a view of a tensor from outside that mode is none of it either
        return tree_map(lambda each: There(each) if on_it and isinstance(each, torch.Tensor) else each, found)


def _held(each: Any) -> Any:
    """As the processor is to get it."""
    if isinstance(each, torch.device):
        return torch.device("cpu")
    return each.held if isinstance(each, There) else each
