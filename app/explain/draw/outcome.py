"""What the model says of a text, as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..._library import explainers

SHOWN_CLASSES = 6  # further ones are folded away


@dataclass(frozen=True, slots=True)
class ClassLine:
    index: int
    label: str
    probability: float | None
    logit: float
    said: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionView:
    kind: Literal["single", "multi", "regression"]
    label: str
    probability: float | None
    output: float | None  # of a regression
    lines: tuple[ClassLine, ...]
    more: tuple[ClassLine, ...]  # classes that are folded away


def prediction_view(prediction: explainers.Prediction, head: str | None) -> PredictionView:
    kind = head or _head(prediction)
    said = prediction.predicted.index
    shares = prediction.probabilities
    lines = [
        ClassLine(
            index,
            label,
            None if shares is None else shares[index],
            prediction.logits[index],
            shares is not None and shares[index] >= 0.5 if kind == "multi" else index == said,
        )
        for index, label in enumerate(prediction.labels)
    ]
    if len(lines) > SHOWN_CLASSES:
        lines.sort(key=lambda line: -line.logit)
    return PredictionView(
        kind="regression" if shares is None else "multi" if kind == "multi" else "single",
        label=prediction.predicted.label,
        probability=None if shares is None else shares[said],
        output=prediction.logits[said] if shares is None else None,
        lines=tuple(lines[:SHOWN_CLASSES]) if len(lines) > SHOWN_CLASSES else tuple(lines),
        more=tuple(lines[SHOWN_CLASSES:]) if len(lines) > SHOWN_CLASSES else (),
    )


def _head(prediction: explainers.Prediction) -> str:
    shares = prediction.probabilities
    if shares is None:
        return "regression"
    return "single" if abs(sum(shares) - 1) < 1e-6 else "multi"
