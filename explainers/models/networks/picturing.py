"""Networks that read pictures: rows are the pixels of their cells, so that a cell moves and is hidden like a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ...contract import Encoded, FloatArray, Head, Ids, ValueName
from ...game import passes
from ...inputs.image.encoding import absent_pixels, cells_of
from .device import to_array
from .gradients import value_tensor
from .network import Network, Passed, Rows


class CellNetwork(Network):
    """A network that looks at pictures. Rows hold the pixels of cells in place of word embeddings.

    shape: rows and columns of cells, `cell` pixels on a side.
    """

    def __init__(self, module: Any, *, shape: tuple[int, int], cell: int) -> None:
        super().__init__(module)
        self.decoder = False
        self.shape, self.cell = shape, cell

    def around(self, module: Any) -> Network:
        return type(self)(module, shape=self.shape, cell=self.cell)

    @property
    def device(self) -> torch.device:
        found: torch.device = next(self.module.parameters()).device
        return found

    def ends(self, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """The cells (positions, width) of the picture, its noise included, and of its baseline."""
        whole = cells_of(inputs).whole
        if inputs.noise is not None:
            whole = whole + inputs.noise
        return self.tensor(whole.astype(np.float32)), self.tensor(absent_pixels(inputs).astype(np.float32))

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        assert ids is None
        return Rows(embeddings=embeddings, pooled=0)

    def _read_position(self, inputs: Encoded) -> int:
        return 0

    def joined(self, cells: torch.Tensor) -> torch.Tensor:
        """(rows, positions, 3 · cell · cell) → (rows, 3, height, width)."""
        (down, across), cell = self.shape, self.cell
        squares = cells[:, -down * across :].reshape(-1, down, across, 3, cell, cell)
        return squares.permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, down * cell, across * cell)


class PicturingNetwork(CellNetwork):
    """A network that classifies pictures."""

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        assert rows.embeddings is not None
        also = {"output_attentions": True} if attentions else {}
        out = self.module(pixel_values=self.joined(rows.embeddings), **also)
        return Passed(out.logits, tuple(out.attentions or ()) if attentions else ())

    def feature_maps(
        self, layer: nn.Module, inputs: Encoded, *, value: ValueName, head: Head, targets: list[int]
    ) -> FloatArray:
        """(targets, down, across): maps of a layer's output (1, channels, down, across), each channel weighted by the
        mean of the value's gradient to it."""
        held: list[torch.Tensor] = []
        hook = layer.register_forward_hook(lambda module, given, made: held.append(made))
        passes.begins(1)
        try:
            with torch.enable_grad():
                place = self.ends(inputs)[0][None].requires_grad_()
                logits = self.forward(Rows(embeddings=place, pooled=0)).logits
                values = value_tensor(logits, value, head=head, targets=targets)[0]
                slopes = [torch.autograd.grad(one, held[0], retain_graph=True)[0] for one in values]
        finally:
            hook.remove()
        weights = torch.stack([slope[0].mean(dim=(1, 2)) for slope in slopes])  # (targets, channels)
        return to_array(torch.einsum("tc,cdw->tdw", weights.double(), held[0][0].double()))


def last_convolution(module: nn.Module) -> nn.Module | None:
    """The last convolution in the order of the network's modules; None for a network without one."""
    found = [each for each in module.modules() if isinstance(each, nn.Conv2d)]
    return found[-1] if found else None
