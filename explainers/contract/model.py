"""What a model offers. Masking belongs to it: a method speaks of players, never of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

import numpy as np

from .answer import Head
from .encoded import Encoded
from .question import BaselineKind, Question, ValueName
from .records import BoolArray, FloatArray


class Need(StrEnum):
    """What a method asks of a model; a method is offered only where `needs <= model.offers`."""

    OUTPUTS = "outputs"  # masked evaluations: the model has a baseline
    GRADIENTS = "gradients"
    ATTENTIONS = "attentions"
    EMBEDDINGS = "embeddings"  # of words that could stand in the text instead
    LAYERS = "layers"  # states of every layer, with gradients


@dataclass(frozen=True, slots=True)
class PathGradients:
    """Along x(α) = b + α (x − b), with v the value function.

    logits: (points, labels). products: (targets, points, tokens), ∇v(x(α)) · (x − b) summed over the embedding.
    """

    logits: FloatArray
    products: FloatArray


@dataclass(frozen=True, slots=True)
class LayerStates:
    """What goes on inside along x(α) = b + α (x − b), with v the value function; layer 0 is the embeddings.

    conductance: (targets, layers, tokens), ∫ ∂v/∂h · ∂h/∂α dα over the points, summed over a state h.
    readings: (layers, labels), the logits that the head gives for the states of each layer of x.
    """

    conductance: FloatArray
    readings: FloatArray


class Model(Protocol):
    """What a method may ask. Masking belongs to the model: a method speaks of players, never of tokens."""

    id: str
    digest: str
    labels: tuple[str, ...]
    head: Head
    offers: frozenset[Need]
    baselines: tuple[BaselineKind, ...]  # the first is the default; empty: masking methods are not offered

    def encode(self, question: Question) -> Encoded:
        """Raises BadInput for a text, player level or baseline that cannot be encoded."""
        ...

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        """Served logits (inputs, labels), fp32 arithmetic."""
        ...

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Literal["fp32", "bf16"] = "fp32") -> FloatArray:
        """Logits (rows, labels) of the coalitions `keep` (rows, players), as one batch of equal-length rows."""
        ...


class GradientModel(Model, Protocol):
    def path_gradients(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> PathGradients:
        """One batch of points on the straight path from the baseline.

        Word embeddings move, positions and segments do not. With a baseline of ids, special tokens do not move.
        """
        ...

    def embeddings(self, inputs: Encoded) -> FloatArray:
        """The word embeddings (tokens, width) of the input, its noise included."""
        ...

    def blends(self, inputs: Encoded, shares: FloatArray) -> FloatArray:
        """Logits (rows, labels) with each player's word embeddings the given share of the way from the baseline to the
        input, `shares` (rows, players); fp32."""
        ...

    def replacement_falls(self, inputs: Encoded, words: Sequence[str], *, value: ValueName, target: int) -> FloatArray:
        """(players, words): to first order, what the value of `target` loses with the word in the player's place."""
        ...

    def randomised(self, seed: int) -> GradientModel:
        """Another model of this architecture whose weights are drawn anew; this one stays as it is."""
        ...


class AttentionModel(GradientModel, Protocol):
    def attentions(self, inputs: Encoded, *, served: FloatArray | None = None) -> np.ndarray[Any, np.dtype[np.float32]]:
        """(layers, heads, tokens, tokens); rows look, columns are looked at. `served`: the prediction's logits
        (1, labels), where they are known already."""
        ...

    def attention_gradients(
        self, inputs: Encoded, *, value: ValueName, targets: Sequence[int], served: FloatArray | None = None
    ) -> tuple[np.ndarray[Any, np.dtype[np.float32]], Iterator[FloatArray]]:
        """Attentions, and ∂v/∂attention of each target in turn, all (layers, heads, tokens, tokens)."""
        ...

    def pooled_token(self, inputs: Encoded) -> int:
        """The position whose last state the classifier reads."""
        ...


class LayerModel(GradientModel, Protocol):
    def layer_states(
        self, inputs: Encoded, points: FloatArray, *, value: ValueName, targets: Sequence[int]
    ) -> LayerStates:
        """`points` rise from 0 to 1; the integral follows the states from each point to the next."""
        ...

    def pooled_token(self, inputs: Encoded) -> int: ...
