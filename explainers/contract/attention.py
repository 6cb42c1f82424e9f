"""Attention of one input, computed once for all the methods that look at it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .question import ValueName
from .records import FloatArray

Weights = np.ndarray[Any, np.dtype[np.float32]]


class AttentionWeights:
    """Weights (layers, heads, tokens, tokens) of the text itself; rows look, columns are looked at.

    Whoever asks first pays: a pass with gradients leaves the weights behind for those that want no gradients.
    """

    def __init__(self, model: Any, inputs: Any, served: FloatArray) -> None:
        self._model = model
        self._inputs = inputs
        self._served = served  # (1, labels), the prediction that readable attention must reproduce
        self._weights: Weights | None = None

    def weights(self) -> Weights:
        """Raises Incompatible where the architecture gives none."""
        if self._weights is None:
            self._weights = self._model.attentions(self._inputs, served=self._served)
        return self._weights

    def gradients(self, *, value: ValueName, targets: Sequence[int]) -> Iterator[FloatArray]:
        """∂v/∂attention of each target in turn, shaped like the weights. Raises Incompatible."""
        slopes: Iterator[FloatArray]
        self._weights, slopes = self._model.attention_gradients(
            self._inputs, value=value, targets=targets, served=self._served
        )
        return slopes
