"""What measures ask of a network beside its outputs: inputs between two texts, and weights that learned nothing."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from ..base import Encoded
from ..types import FloatArray
from .masking import path_ends
from .network import Network


def blends(network: Network, inputs: Encoded, shares: FloatArray) -> FloatArray:
    """Logits (rows, labels) at b + s (x − b), with a share s of its own for each player, `shares` (rows, players)."""
    whole, absent = path_ends(network, inputs)
    padded = np.concatenate([shares, np.ones((len(shares), 1))], axis=1)  # special tokens are those of the input
    by_token = torch.from_numpy(padded[:, inputs.owner].astype(np.float32))[..., None]
    return network.logits(network.rows(inputs, embeddings=absent + by_token * (whole - absent)))


def redrawn(module: Any, seed: int) -> Any:
    """A copy whose weight matrices are normal noise of the same mean and spread; norms and biases stay."""
    copied = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in copied.parameters():
            if weight.dim() >= 2 and weight.numel() > 1:
                weight.normal_(float(weight.mean()), float(weight.std()), generator=generator)
    return copied
