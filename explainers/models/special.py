"""Facts of a classifier from its configuration and tokenizer: its baselines, its longest input."""

from __future__ import annotations

from inspect import signature
from typing import Any

from ..contract import BaselineKind
from .architectures import FROM_PAD, longest_full

LONGEST = 8192  # tokens; a model without a limit of its own is cut here


def baseline_ids(tokenizer: Any, *, vocabulary: int) -> dict[BaselineKind, int]:
    """The tokens that can stand for an absent one, best first; only those that the model has an embedding of."""
    wanted: tuple[tuple[BaselineKind, int | None], ...] = (
        ("mask", tokenizer.mask_token_id),
        ("unk", tokenizer.unk_token_id),
        ("pad", tokenizer.pad_token_id),
        ("eos", tokenizer.eos_token_id),
    )
    return {name: number for name, number in wanted if number is not None and 0 <= number < vocabulary}


def longest_input(network: Any, tokenizer: Any) -> int:
    """Tokens the model can read, special ones included."""
    limits = [LONGEST, tokenizer.model_max_length]
    if full := longest_full(network.config):
        limits.append(full)
    if (positions := getattr(network.config, "max_position_embeddings", None)) and positions > 0:  # XLNet says -1
        first = pad_position(network)
        limits.append(positions - (0 if first is None else first + 1))
    return int(min(limits))


def pad_position(network: Any) -> int | None:
    """The id that positions are numbered from, for RoBERTa and its kin; None where they are 0, 1, 2 …"""
    return int(network.base_model.embeddings.padding_idx) if network.config.model_type in FROM_PAD else None


def reads_segments(network: Any) -> bool:
    """Whether the network takes segment ids; a tokenizer may give them to one that does not."""
    return "token_type_ids" in signature(network.forward).parameters
