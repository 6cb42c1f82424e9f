"""Networks that compare two texts: each is encoded alone, and the score is the inner product of the two vectors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ...contract import BoolArray, Encoded, FloatArray
from ...game.batches import batches_on
from ...inputs.text.pairs import pair_of
from .device import to_array
from .masking import coalition_rows
from .network import Network, Passed, Rows, in_chunks


class ComparingNetwork(Network):
    """An encoder without a head. Rows hold both texts; `Rows.pooled` is where the second one begins.

    The vector of a text is the mean of its last states, special tokens included, scaled to length 1 where `unit`.
    """

    def __init__(self, module: Any, *, unit: bool) -> None:
        super().__init__(module)
        self.unit = unit

    def _read_position(self, inputs: Encoded) -> int:
        return pair_of(inputs).split

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        first, second = (self._vectors(_side(rows, number)) for number in (0, 1))
        return Passed((first * second).sum(dim=1, keepdim=True))

    def scores(self, inputs: Encoded, keep: BoolArray) -> FloatArray:
        """Scores (rows, 1) of the coalitions `keep` (rows, players).

        A text is encoded once for each different set of its own players: all 2^(n + m) coalitions of two texts are
        2^n + 2^m passes.
        """
        owners = np.split(inputs.owner, [pair_of(inputs).split])
        found = []
        for number, owner in enumerate(owners):
            own = np.unique(owner[owner >= 0])
            _, first, back = np.unique(keep[:, own], axis=0, return_index=True, return_inverse=True)
            rows = _side(coalition_rows(self, inputs, keep[first]), number)
            found.append(self._encoded(rows)[back.reshape(-1)])
        scores: FloatArray = (found[0] * found[1]).sum(axis=1, keepdims=True)
        return scores

    def _encoded(self, rows: Rows) -> FloatArray:
        """(rows, width), in passes of bounded size."""

        def run(chunk: Rows) -> torch.Tensor:
            with torch.inference_mode():
                return self._vectors(chunk)

        return to_array(torch.cat(in_chunks(rows.chunks(batches_on(self.device.type).tokens), run)).double())

    def _vectors(self, rows: Rows) -> torch.Tensor:
        states = self.module(**rows.arguments(self.device)).last_hidden_state
        vectors: torch.Tensor = states.mean(dim=1)
        return torch.nn.functional.normalize(vectors, dim=1) if self.unit else vectors


def _side(rows: Rows, number: int) -> Rows:
    """One of the two texts of each row."""
    part = slice(rows.pooled) if number == 0 else slice(rows.pooled, None)
    return replace(
        rows,
        ids=None if rows.ids is None else rows.ids[:, part],
        embeddings=None if rows.embeddings is None else rows.embeddings[:, part],
        segments=None if rows.segments is None else rows.segments[part],
        positions=None if rows.positions is None else rows.positions[part],
    )
