"""Weights in 8 bits, and weights whose zeros are left out: plain floats again once they are read.

A tensor X of a safetensors file may be packed in two ways, together or apart. Whole numbers of 8 bits with X.scale, one
float a row: X · scale (symmetric, a scale for each output, as torchao's weight-only int8). The values that are not zero
in their order, with X.mask, a bit for each entry of a row. Nothing of it is code: bytes are read, multiplied and put in
their places, so that the model computes with plain floats as any other, and every method runs on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...errors import BadModel

if TYPE_CHECKING:  # a folder is judged by the shapes of its weights where torch is not loaded
    import torch

SCALE, MASK = ".whence_scale", ".whence_mask"
SMALLEST = 4096  # entries of a matrix that is packed; what is smaller stays as it is
SPARSE = 0.2  # share of zeros from which leaving them out saves bytes, with 8 bits as with 32
LARGEST = 127
BITS = (32, 16, 8)


def pack(weights: Mapping[str, torch.Tensor], *, bits: int) -> dict[str, torch.Tensor]:
    """The tensors as they are stored. bits: 32, 16, or 8 for matrices (the rest then has 16)."""
    import torch

    stored: dict[str, torch.Tensor] = {}
    for name, weight in weights.items():
        if not weight.is_floating_point():
            stored[name] = weight.contiguous()
            continue
        large = weight.ndim == 2 and weight.numel() >= SMALLEST
        kept = weight.float()
        values = kept.half() if bits < 32 else kept
        if large and bits == 8:
            scale = (kept.abs().amax(dim=1, keepdim=True) / LARGEST).clamp_min(torch.finfo(torch.float32).tiny)
            values = torch.round(kept / scale).clamp(-LARGEST, LARGEST).to(torch.int8)
            stored[name + SCALE] = scale
        if large and weight.shape[1] % 8 == 0 and float((kept == 0).float().mean()) >= SPARSE:
            there = (kept != 0).numpy()
            stored[name + MASK] = torch.from_numpy(np.packbits(there, axis=1))
            values = values[torch.from_numpy(there)]
        stored[name] = values.contiguous()
    return stored


def unpack(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Plain floats under the names of the weights. Raises BadModel where a mask or a scale does not fit."""
    import torch

    weights: dict[str, torch.Tensor] = {}
    for name, values in stored.items():
        if name.endswith((SCALE, MASK)):
            continue
        mask, scale = stored.get(name + MASK), stored.get(name + SCALE)
        weight = values.float() if mask is not None or scale is not None else values
        if mask is not None:
            there = torch.from_numpy(np.unpackbits(mask.numpy(), axis=1).astype(bool))
            if int(there.sum()) != values.numel():
                raise BadModel(f"model.safetensors is damaged: {name} has {values.numel()} values, its mask says other")
            whole = torch.zeros(there.shape)
            whole[there] = weight.flatten()
            weight = whole
        weights[name] = weight if scale is None else weight * scale
    return weights


def whole_shapes(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights once they are unpacked. Raises ValueError where a mask or a scale cannot fit."""
    found: dict[str, tuple[int, ...]] = {}
    for name, shape in shapes.items():
        if name.endswith((SCALE, MASK)):
            if name.removesuffix(SCALE).removesuffix(MASK) not in shapes:
                raise ValueError(f"{name} belongs to no weight")
            continue
        mask, scale = shapes.get(name + MASK), shapes.get(name + SCALE)
        whole = shape
        if mask is not None:
            if len(mask) != 2 or len(shape) != 1 or shape[0] > 8 * mask[0] * mask[1]:
                raise ValueError(f"the mask of {name} does not fit")
            whole = (mask[0], 8 * mask[1])
        if scale is not None and (len(whole) != 2 or scale != (whole[0], 1)):
            raise ValueError(f"the scale of {name} does not fit")
        found[name] = whole
    return found
