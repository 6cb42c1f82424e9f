"""Models that only have outputs: a sum of weights, and an effect of all words together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from ..contract import BaselineKind, BoolArray, Encoded, FloatArray, Head, Need, Question, TextSpan, Token


class LinearModel:
    """Logit c is the sum of weights[word][c] over the words kept: every faithful method agrees on it.

    With two classes the log-odds of class 1 are linear too. Players are the runs between white space.
    """

    id = "linear"
    digest = "fake"
    labels: tuple[str, ...] = ("no", "yes")
    head: Head = "single"
    offers = frozenset({Need.OUTPUTS})
    baselines: tuple[BaselineKind, ...] = ("mask",)

    def __init__(self, weights: Mapping[str, tuple[float, ...]]) -> None:
        self.weights = dict(weights)
        self.rows_asked: list[bytes] = []

    def encode(self, question: Question) -> Encoded:
        spans = tuple(
            TextSpan(text=m.group(), start=m.start(), end=m.end()) for m in re.finditer(r"\S+", question.text)
        )
        count = len(spans)
        return Encoded(
            text=question.text,
            players="word",
            baseline="mask",
            features=spans,
            tokens=tuple(Token(text=s.text, player=i, start=s.start, end=s.end) for i, s in enumerate(spans)),
            ids=np.arange(count),
            owner=np.arange(count),
            baseline_ids=np.full(count, -1),
        )

    def predict(self, inputs: Sequence[Encoded]) -> FloatArray:
        return np.concatenate([self._logits(i, np.ones((1, len(i.features)), dtype=bool)) for i in inputs])

    def outputs(self, inputs: Encoded, keep: BoolArray, *, precision: Literal["fp32", "bf16"] = "fp32") -> FloatArray:
        self.rows_asked += [row.tobytes() for row in keep]
        return self._logits(inputs, keep)

    def _logits(self, inputs: Encoded, keep: BoolArray) -> FloatArray:
        nothing = (0.0,) * len(self.labels)
        weights = np.array([self.weights.get(f.text, nothing) for f in inputs.features]).reshape(-1, len(self.labels))
        logits: FloatArray = keep.astype(float) @ weights
        return logits


class AndModel(LinearModel):
    """Logit 1 is 1 when all words are kept, else 0: methods must share one joint effect, and sampling shows."""

    id = "and"

    def __init__(self) -> None:
        super().__init__({})

    def _logits(self, inputs: Encoded, keep: BoolArray) -> FloatArray:
        joint = keep.all(axis=1).astype(float)
        return np.stack([-joint, joint], axis=1)
