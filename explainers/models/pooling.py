"""From the last states of a text to its vector, by the names that sentence-transformers gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import torch

Pooling: TypeAlias = Literal["mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"]


def _weighted(states: torch.Tensor) -> torch.Tensor:
    """Each state counts as often as its place, from 1."""
    weights = states.new_ones(states.shape[1]).cumsum(0)
    return (states * weights[:, None]).sum(dim=1) / weights.sum()


# States (rows, tokens, width) of texts without padding → vectors (rows, width); special tokens count.
POOLINGS: Mapping[Pooling, Callable[[torch.Tensor], torch.Tensor]] = MappingProxyType(
    {
        "mean": lambda states: states.mean(dim=1),
        "cls": lambda states: states[:, 0],
        "max": lambda states: states.amax(dim=1),
        "mean_sqrt_len_tokens": lambda states: states.sum(dim=1) / states.shape[1] ** 0.5,
        "weightedmean": _weighted,
        "lasttoken": lambda states: states[:, -1],
    }
)
