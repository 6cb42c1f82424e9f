"""Answers that measures need beside a network's outputs: for inputs between two texts, from untrained weights."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ...contract import Encoded, FloatArray, Head, ValueName
from .device import to_array
from .gradients import input_slopes
from .masking import path_ends
from .network import Network


def blends(network: Network, inputs: Encoded, shares: FloatArray) -> FloatArray:
    """Logits (rows, labels) at b + s (x − b), with a share s of its own for each player, `shares` (rows, players)."""
    whole, absent = path_ends(network, inputs)
    padded = np.concatenate([shares, np.ones((len(shares), 1))], axis=1)  # special tokens are those of the input
    by_token = network.tensor(padded[:, inputs.owner].astype(np.float32))[..., None]
    return network.logits(network.rows(inputs, embeddings=absent + by_token * (whole - absent)))


def replacement_falls(
    network: Network,
    tokenizer: Any,
    inputs: Encoded,
    words: Sequence[str],
    *,
    value: ValueName,
    head: Head,
    target: int,
) -> FloatArray:
    """(players, words): ∇v · (e − e'), the gradient at the text summed over a player's tokens (HotFlip, equation 4).

    e: the player's embeddings; e': the mean embedding of the word's tokens, in each of the player's places.
    """
    whole, _ = path_ends(network, inputs)
    slopes = input_slopes(network, inputs, whole[None], value=value, head=head, target=target)  # (tokens, width)
    ids = [tokenizer(f" {word}", add_special_tokens=False)["input_ids"] for word in words]
    mean = network.mean_embedding().double()  # of a word that the tokenizer leaves nothing of
    other = torch.stack(
        [network.embedded(network.tensor(np.asarray(each))).double().mean(dim=0) if each else mean for each in ids]
    )  # (words, width)
    falls = (slopes * whole.double()).sum(dim=1, keepdim=True) - slopes @ other.T  # (tokens, words)
    found: FloatArray = inputs.by_player(to_array(falls).T).T
    return found


def redrawn(module: Any, seed: int) -> Any:
    """A copy whose weight matrices are normal noise of the same mean and spread; norms and biases stay."""
    copied = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in copied.parameters():
            if weight.dim() >= 2 and weight.numel() > 1:
                drawn = torch.empty(weight.shape).normal_(
                    float(weight.mean()), float(weight.std()), generator=generator
                )
                weight.copy_(drawn)
    return copied
