"""Running the network: rows of equal length in, logits in float64 out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import torch

from ..base import Encoded
from ..types import FloatArray

MOST_TOKENS = 32768  # in one forward pass; keeps the memory of long texts bounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Inputs of equal length, as ids or as word embeddings (rows, tokens[, width]); the rest is the same for all."""

    ids: torch.Tensor | None = None
    embeddings: torch.Tensor | None = None
    segments: torch.Tensor | None = None  # (tokens,)
    positions: torch.Tensor | None = None  # (tokens,)
    pooled: int = -1  # the position a decoder's head reads

    @classmethod
    def of(
        cls,
        inputs: Encoded,
        *,
        ids: np.ndarray[Any, np.dtype[np.int64]] | None = None,
        embeddings: torch.Tensor | None = None,
    ) -> Self:
        """Rows that have the segments and positions of `inputs`, and `ids` or `embeddings` of their own."""
        return cls(
            ids=None if ids is None else torch.from_numpy(ids),
            embeddings=embeddings,
            segments=None if inputs.segments is None else torch.from_numpy(inputs.segments),
            positions=None if inputs.positions is None else torch.from_numpy(inputs.positions),
        )

    @property
    def shape(self) -> tuple[int, int]:
        held = self.ids if self.ids is not None else self.embeddings
        assert held is not None
        return held.shape[0], held.shape[1]

    def chunk(self, start: int, stop: int) -> Self:
        return replace(
            self,
            ids=None if self.ids is None else self.ids[start:stop],
            embeddings=None if self.embeddings is None else self.embeddings[start:stop],
        )

    def arguments(self) -> dict[str, torch.Tensor]:
        """As the network's forward takes them."""
        rows, tokens = self.shape
        found = {"attention_mask": torch.ones((rows, tokens), dtype=torch.int64)}
        if self.ids is not None:
            found["input_ids"] = self.ids
        if self.embeddings is not None:
            found["inputs_embeds"] = self.embeddings
        if self.segments is not None:
            found["token_type_ids"] = self.segments.expand(rows, -1)
        if self.positions is not None:
            found["position_ids"] = self.positions.expand(rows, -1)
        return found


class Network:
    """A sequence classifier whose head reads the first state (encoders) or one chosen state (decoders)."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.reads_last = hasattr(module, "score")

    @property
    def word_embeddings(self) -> torch.Tensor:
        """(vocabulary, width), without gradient."""
        weight: torch.Tensor = self.module.get_input_embeddings().weight.detach()
        return weight

    def logits(self, rows: Rows, *, precision: Literal["fp32", "bf16"] = "fp32") -> FloatArray:
        """Logits (rows, labels), without gradients, in passes of bounded size."""
        count, tokens = rows.shape
        step = max(1, MOST_TOKENS // tokens)
        with torch.inference_mode():
            found = [self.forward(rows.chunk(at, at + step)).logits for at in range(0, count, step)]
        logits: FloatArray = torch.cat(found).double().numpy()
        return logits

    def forward(self, rows: Rows, **also: Any) -> Any:
        """The network's own output record, in whatever gradient mode the caller is."""
        return self.module(**rows.arguments(), **also)
