"""Networks that read images: rows are the pixels of their patches, so that a patch moves and is hidden like a word."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...contract import Encoded, Ids
from ...inputs.image import absent_pixels, patches_of
from .network import Network, Passed, Rows


class PicturingNetwork(Network):
    """A vision transformer that classifies. Rows hold patches in place of word embeddings."""

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.decoder = False

    @property
    def device(self) -> torch.device:
        found: torch.device = next(self.module.parameters()).device
        return found

    def ends(self, inputs: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """The patches (positions, width) of the image, its noise included, and of its baseline."""
        whole = patches_of(inputs).whole
        if inputs.noise is not None:
            whole = whole + inputs.noise
        return self.tensor(whole.astype(np.float32)), self.tensor(absent_pixels(inputs).astype(np.float32))

    def rows(self, inputs: Encoded, *, ids: Ids | None = None, embeddings: torch.Tensor | None = None) -> Rows:
        assert ids is None
        return Rows(embeddings=embeddings, pooled=0)

    def _read_position(self, inputs: Encoded) -> int:
        return 0

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        assert rows.embeddings is not None
        also = {"output_attentions": True} if attentions else {}
        out = self.module(pixel_values=self._joined(rows.embeddings), **also)
        return Passed(out.logits, tuple(out.attentions or ()))

    def _joined(self, patches: torch.Tensor) -> torch.Tensor:
        """(rows, positions, 3 · patch · patch) → (rows, 3, side, side)."""
        size = self.module.config.patch_size
        grid = self.module.config.image_size // size
        squares = patches[:, -grid * grid :].reshape(-1, grid, grid, 3, size, size)
        return squares.permute(0, 3, 1, 4, 2, 5).reshape(-1, 3, grid * size, grid * size)
