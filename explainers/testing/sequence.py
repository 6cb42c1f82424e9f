"""A model that continues a text and whose right answer is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from ..contract import Encoded, FloatArray, Head, Need, Output, Question, TokenOutput
from ..outputs import Tokens
from .gradient import GradientModel


class SequenceModel(GradientModel):
    """The log-odds of each token of the continuation are the sum of weights[word] over the words kept.

    All other tokens together weigh as much as one token of logit 0, so that log-odds and logit are the same.
    """

    id = "sequence"
    title = "Sequence"
    head: Head = "tokens"
    task = "tokens"
    labels: tuple[str, ...] = ()
    offers = frozenset({Need.OUTPUTS, Need.GRADIENTS})

    def __init__(self, weights: Mapping[str, tuple[float, ...]], *, said: tuple[str, ...] = ("no", "yes")) -> None:
        super().__init__(weights)
        self.said = said

    def encode(self, question: Question) -> Encoded:
        """Whatever was asked: every token of the one continuation that it knows."""
        plain = super().encode(question.model_copy(update={"outputs": None}))
        return replace(plain, outputs=TokenOutput(continuation=" ".join(self.said), stop=len(self.said)))

    def output_of(self, inputs: Encoded) -> Output:
        return Tokens(self.said)

    def _width(self) -> int:
        return len(self.said)

    def _read(self, embeddings: FloatArray) -> FloatArray:
        """(tokens, width) → columns (1, 3 · width)."""
        own = embeddings.sum(axis=0)
        return np.stack([own, np.zeros_like(own), np.zeros_like(own)], axis=1).reshape(1, -1)

    def _slopes(self, embeddings: FloatArray) -> FloatArray:
        """∂ columns / ∂ embeddings, (tokens, width, 3 · width)."""
        width = embeddings.shape[1]
        own = np.zeros((width, 3 * width))
        own[np.arange(width), 3 * np.arange(width)] = 1.0
        return np.broadcast_to(own, (len(embeddings), width, 3 * width))
