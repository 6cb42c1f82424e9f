"""Gradients of single texts, projected: what each text would change in the trained weights.

The gradient of a linear layer is a sum over tokens of outer products, what came out times what went in; so either side
is projected alone and the gradient itself, a matrix a text, is never made (LoGra, Choe et al. 2024). Inner products of
the projections are those of the gradients, but for chance; layers narrower than the projection are kept as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

TOKENS = 4096  # of a batch
WIDTH = 8  # of either side's projection


class Sketcher:
    """Sketches (texts, width) of the gradients of the loss by the weights of all trained linear layers.

    network: a classifier of texts, in evaluation mode. width: None keeps the gradients as they are, for small networks.
    """

    def __init__(self, network: Any, *, width: int | None = WIDTH, seed: int = 0) -> None:
        self.network = network
        self.layers = [
            module for module in network.modules() if isinstance(module, nn.Linear) and module.weight.requires_grad
        ]
        drawn = torch.Generator().manual_seed(seed)
        self.sides = [
            tuple(
                _projection(size, width, drawn) for size in (layer.in_features + _has_bias(layer), layer.out_features)
            )
            for layer in self.layers
        ]

    def of(
        self,
        ids: Sequence[Sequence[int]],
        labels: Sequence[int],
        pad: Callable[[list[int]], Any],
        progress: Callable[[float], None] = lambda share: None,
    ) -> NDArray[np.float32]:
        """ids: the tokens of each text. labels: the class whose loss is taken. pad: a batch of some of them as tensors.
        Texts of like length share a batch."""
        order = sorted(range(len(ids)), key=lambda row: len(ids[row]))
        found: NDArray[np.float32] | None = None
        at = 0
        while at < len(order):
            rows = order[at : at + max(1, TOKENS // max(1, len(ids[order[min(at + 63, len(order) - 1)]])))][:64]
            part = self._batch(pad(rows), torch.tensor([labels[row] for row in rows]))
            found = np.zeros((len(ids), part.shape[1]), dtype=np.float32) if found is None else found
            found[rows] = part
            at += len(rows)
            progress(at / len(order))
        assert found is not None
        return found

    def _batch(self, batch: Any, labels: torch.Tensor) -> NDArray[np.float32]:
        parts: list[torch.Tensor | None] = [None] * len(self.layers)
        with torch.enable_grad(), self._listening(parts):
            logits = self.network(**batch.to(self.network.device)).logits
            loss = nn.functional.cross_entropy(logits, labels.to(logits.device), reduction="sum")
            torch.autograd.grad(loss, [layer.weight for layer in self.layers])
        return torch.cat([part.flatten(1) for part in parts if part is not None], dim=1).float().cpu().numpy()

    @contextmanager
    def _listening(self, parts: list[torch.Tensor | None]) -> Iterator[None]:
        """Fills `parts` with a sketch (texts, out, in) of each layer as gradients pass through it."""
        handles = []
        for number, (layer, (inner, outer)) in enumerate(zip(self.layers, self.sides, strict=True)):

            def hear(
                module: Any, given: Any, made: Any, number: int = number, inner: Any = inner, outer: Any = outer
            ) -> None:
                went_in = _wide(given[0].detach(), ones=_has_bias(module))
                made.register_hook(lambda slope: _add(parts, number, _outer(went_in, slope, inner, outer)))

            handles.append(layer.register_forward_hook(hear))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()


def _add(parts: list[torch.Tensor | None], number: int, part: torch.Tensor) -> None:
    """A layer that is used twice in a pass has the sum of both."""
    known = parts[number]
    parts[number] = part if known is None else known + part


def _outer(
    went_in: torch.Tensor, slope: torch.Tensor, inner: torch.Tensor | None, outer: torch.Tensor | None
) -> torch.Tensor:
    """Sum over tokens of outer products (texts, out, in), of the projected sides."""
    slope = slope.detach().flatten(1, -2) if slope.ndim > 2 else slope.detach()[:, None]
    went_in = went_in.flatten(1, -2) if went_in.ndim > 2 else went_in[:, None]
    if inner is not None:
        went_in = went_in @ inner
    if outer is not None:
        slope = slope @ outer
    return torch.einsum("bto,bti->boi", slope, went_in)


def _wide(given: torch.Tensor, *, ones: bool) -> torch.Tensor:
    return torch.cat([given, torch.ones_like(given[..., :1])], dim=-1) if ones else given


def _has_bias(layer: nn.Linear) -> bool:
    return layer.bias is not None and layer.bias.requires_grad


def _projection(size: int, width: int | None, drawn: torch.Generator) -> torch.Tensor | None:
    if width is None or size <= width:
        return None
    found: torch.Tensor = torch.randn(size, width, generator=drawn) / width**0.5
    return found
