"""A model with gradients, attention and layers whose words act together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..contract import (
    BoolArray,
    Encoded,
    FloatArray,
    Head,
    LayerStates,
    Need,
    PathGradients,
    Question,
    Token,
    ValueName,
    text_spans,
)
from ..outputs.value import value_of
from .linear import LinearModel


class GradientModel(LinearModel):
    """The linear model with gradients and attention: every method runs on it. A special token stands first.

    Word embeddings are the weights themselves, the baseline's and the special token's are zero. The one layer attends
    evenly, and the special token's row, times the number of tokens, is what the logits are summed with.
    """

    id = "gradient"
    offers = frozenset(Need) - {Need.ANSWERS, Need.MAPS}
    heads = 2

    def encode(self, question: Question) -> Encoded:
        plain = super().encode(question)
        return replace(
            plain,
            tokens=(Token(text="[CLS]", special=True), *plain.tokens),
            owner=np.array([-1, *plain.owner]),
        )

    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        ends = self._embeddings(inputs)  # (tokens, labels)
        logits = np.concatenate([self._read(point * ends) for point in points])
        slopes = value_slopes(logits, value, head=self.head, targets=targets)  # (targets, points, labels)
        moves = np.stack([self._slopes(point * ends) for point in points])  # (points, tokens, width, labels)
        return PathGradients(logits, np.einsum("tpl,pkwl,kw->tpk", slopes, moves, ends))

    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
        tokens = len(inputs.tokens)
        return np.full((1, self.heads, tokens, tokens), 1 / tokens, dtype=np.float32)

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Iterator[FloatArray]]:
        ends = self._embeddings(inputs)
        slopes = value_slopes(self.predict([inputs]), value, head=self.head, targets=targets)[:, 0]  # (targets, labels)
        gradients = np.zeros((len(targets), *self.attentions(inputs).shape))
        gradients[:, :, :, self.pooled_token(inputs)] = (len(ends) / self.heads * ends @ slopes.T).T[:, None, None]
        return self.attentions(inputs), iter(gradients)

    def pooled_token(self, inputs: Encoded) -> int:
        return 0

    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """The embeddings, and after the one layer the special token, which holds everything."""
        middle = (points[1:] + points[:-1]) / 2
        products = self.path_gradients(inputs, middle, value=value, targets=targets).products
        first = np.einsum("tpk,p->tk", products, np.diff(points))
        second = np.zeros_like(first)
        second[:, 0] = first.sum(axis=1)
        logits = self.predict([inputs])
        return LayerStates(np.stack([first, second], axis=1), np.concatenate([np.zeros_like(logits), logits]))

    def embeddings(self, inputs: Encoded) -> FloatArray:
        return self._embeddings(inputs)

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        ends = self._embeddings(inputs)
        return np.concatenate([self._read(np.array([1, *row])[:, None] * ends) for row in shares])

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        """A word's embedding is its weights; the slope is taken at the text."""
        slope = value_slopes(self.predict([inputs]), value, head=self.head, targets=[target])[0, 0]
        nothing = (0.0,) * self._width()
        own = np.array([self.weights.get(f.text, nothing) for f in text_spans(inputs.features)])
        other = np.array([self.weights.get(word, nothing) for word in words])
        falls: FloatArray = (own @ slope)[:, None] - (other @ slope)[None]
        return falls

    def randomised(self, seed: int) -> GradientModel:
        draw = np.random.default_rng(seed)
        return type(self)({word: tuple(draw.normal(size=self._width())) for word in self.weights})

    def _embeddings(self, inputs: Encoded) -> FloatArray:
        nothing = (0.0,) * self._width()
        plain = np.array([nothing, *(self.weights.get(f.text, nothing) for f in inputs.features)])
        return plain if inputs.noise is None else plain + inputs.noise

    def _logits(self, inputs: Encoded, keep: BoolArray) -> FloatArray:
        ends = self._embeddings(inputs)
        kept = inputs.kept_positions(keep)
        return np.concatenate([self._read(row[:, None] * ends) for row in kept]) if len(keep) else ends[:0]

    def _read(self, embeddings: FloatArray) -> FloatArray:
        """(tokens, width) → logits (1, labels)."""
        logits: FloatArray = embeddings.sum(axis=0, keepdims=True)
        return logits

    def _slopes(self, embeddings: FloatArray) -> FloatArray:
        """∂ logits / ∂ embeddings, (tokens, width, labels)."""
        return np.broadcast_to(np.eye(embeddings.shape[1]), (*embeddings.shape, embeddings.shape[1]))


class NeighbourModel(GradientModel):
    """Words also act together: the last logit gains tanh of the summed products of neighbouring last weights.

    Bent, so that integrals have an error, and with interactions, so that sampling has one. What words do together does
    not go through the attention.
    """

    id = "neighbour"

    def _read(self, embeddings: FloatArray) -> FloatArray:
        logits = super()._read(embeddings).copy()
        logits[0, -1] += np.tanh((embeddings[1:, -1] * embeddings[:-1, -1]).sum())
        return logits

    def _slopes(self, embeddings: FloatArray) -> FloatArray:
        slopes = super()._slopes(embeddings).copy()
        last = embeddings[:, -1]
        bend = 1 - np.tanh((last[1:] * last[:-1]).sum()) ** 2
        slopes[1:, -1, -1] += bend * last[:-1]
        slopes[:-1, -1, -1] += bend * last[1:]
        return slopes


def value_slopes(logits: FloatArray, value: ValueName, *, head: Head, targets: Sequence[int]) -> FloatArray:
    """∂ value / ∂ logits for logits (rows, labels): (targets, rows, labels), by central differences."""
    step = 1e-5
    columns = [
        (
            value_of(logits + move, value, head=head, targets=targets)
            - value_of(logits - move, value, head=head, targets=targets)
        )
        for move in step * np.eye(logits.shape[1])
    ]  # labels × (rows, targets)
    slopes: FloatArray = np.stack(columns, axis=-1).transpose(1, 0, 2) / (2 * step)
    return slopes
