"""Networks that compare two texts: each is encoded alone, and the score is the inner product of the two vectors."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from ...contract import BoolArray, Encoded, FloatArray
from ...game.batches import batches_on
from ...inputs.text.pairs import pair_of
from ..pooling import POOLINGS, Pooling
from .device import to_array
from .masking import coalition_rows
from .network import Network, Passed, Rows, alone, in_chunks
from .stacks import CHECK_ROWS, CHECK_TOKENS, KINDS, SAME, Layer, layers_of


class ComparingNetwork(Network):
    """An encoder without a head. Rows hold both texts; `Rows.pooled` is where the second one begins.

    unit: vectors are scaled to length 1, so that the score is the cosine.
    """

    def __init__(self, module: Any, *, pooling: Pooling = "mean", unit: bool = True) -> None:
        super().__init__(module)
        self.pooling = pooling
        self.unit = unit

    def _read_position(self, inputs: Encoded) -> int:
        return pair_of(inputs).split if inputs.sides is not None else 0

    def forward(self, rows: Rows, *, attentions: bool = False) -> Passed:
        first, second = (self._vectors(_side(rows, number)) for number in (0, 1))
        return Passed((first * second).sum(dim=1, keepdim=True))

    def scores(self, inputs: Encoded, keep: BoolArray) -> FloatArray:
        """Scores (rows, 1) of the coalitions `keep` (rows, players).

        A text is encoded once for each different set of its own players.
        """
        assert inputs.sides is not None
        sides = np.split(keep, [inputs.sides[0]], axis=1)
        found = []
        for number, own in enumerate(sides):
            sets, back = np.unique(own, axis=0, return_inverse=True)
            found.append(self.factors(inputs, number, sets)[back.reshape(-1)])
        scores: FloatArray = (found[0] * found[1]).sum(axis=1, keepdims=True)
        return scores

    def factors(self, inputs: Encoded, side: int, keep: BoolArray) -> FloatArray:
        """Vectors (rows, width) of one text, for sets `keep` (rows, players of the text) of its own players."""
        assert inputs.sides is not None
        others = np.ones((len(keep), inputs.sides[1 - side]), dtype=bool)
        whole = np.concatenate([keep, others] if side == 0 else [others, keep], axis=1)
        return self.vectors(_side(coalition_rows(self, inputs, whole), side))

    def vectors(self, rows: Rows) -> FloatArray:
        """Vectors (rows, width) of texts alone, in passes of bounded size."""
        chunks = rows.chunks(batches_on(self.device.type).tokens)
        return to_array(torch.cat(in_chunks(chunks, self._vectors_alone)).double())

    def _vectors_alone(self, rows: Rows) -> torch.Tensor:
        with torch.inference_mode():
            return self._vectors(rows)

    def _vectors(self, rows: Rows) -> torch.Tensor:
        vectors = POOLINGS[self.pooling](self._states(rows))
        return torch.nn.functional.normalize(vectors, dim=1) if self.unit else vectors

    def _states(self, rows: Rows) -> torch.Tensor:
        """Last states (rows, tokens, width): a row alone and gradients by the module, many rows by its layers."""
        if torch.is_grad_enabled() or alone(rows) or self._layers is None:
            return self._module_states(rows)
        return self._stacked_states(rows, self._layers)

    def _module_states(self, rows: Rows) -> torch.Tensor:
        states: torch.Tensor = self.module(**self.arguments(rows)).last_hidden_state
        return states

    def _stacked_states(self, rows: Rows, layers: tuple[Layer, ...]) -> torch.Tensor:
        given = rows.arguments(self.device)
        given.pop("attention_mask")
        states: torch.Tensor = self.module.embeddings(**given)
        for layer in layers:
            states = layer(states, self.module.config.num_attention_heads, first_only=False)
        return states

    @cached_property
    def _layers(self) -> tuple[Layer, ...] | None:
        """The layers as plain tensor operations; None where it is of another kind or the states are not the same."""
        config = self.module.config
        if config.model_type not in KINDS or getattr(config, "is_decoder", False):
            return None
        if getattr(self.module, "embeddings_project", None) is not None:
            return None
        first = 0 if config.model_type in ("bert", "electra") else config.pad_token_id + 1
        tokens = min(CHECK_TOKENS, config.max_position_embeddings - first)
        ids = np.random.default_rng(0).integers(config.vocab_size, size=(CHECK_ROWS, tokens))
        rows = Rows(ids=torch.from_numpy(ids), positions=first + torch.arange(tokens), pooled=0)
        layers = tuple(layers_of(self.module))
        with torch.inference_mode():
            same = torch.allclose(self._stacked_states(rows, layers), self._module_states(rows), atol=SAME, rtol=SAME)
        return layers if same else None


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
