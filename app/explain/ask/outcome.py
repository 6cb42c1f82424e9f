"""The prediction of a text, as bars."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..._library import explainers
from ...schemas import LISTED_CLASSES

SHOWN_CLASSES = 6  # further ones are folded away, and those beyond LISTED_CLASSES are left out
SHOWN_VALUES = 3  # of a regression, in one line


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
    label: str  # of the predicted class, of a regression its first output
    probability: float | None
    output: float | None  # of a regression: the value of its first output
    lines: tuple[ClassLine, ...]
    more: tuple[ClassLine, ...]  # classes that are folded away
    left_out: int  # classes less probable than these

    @property
    def several(self) -> bool:
        """Whether these are the values of a regression with several outputs."""
        return self.kind == "regression" and len(self.lines) > 1


def prediction_view(prediction: explainers.Prediction, head: str | None) -> PredictionView:
    kind = head or _head(prediction)
    said = prediction.main.index
    shares = prediction.probabilities
    lines = [
        ClassLine(
            index,
            label,
            None if shares is None else shares[place],
            prediction.logits[place],
            shares is not None and (shares[place] >= 0.5 if kind == "multi" else index == said),
        )
        for place, (index, label) in enumerate(zip(prediction.numbered, prediction.labels, strict=True))
    ]
    if len(lines) > SHOWN_CLASSES and shares is not None:
        lines.sort(key=lambda line: -line.logit)
    return PredictionView(
        kind="regression" if shares is None else "multi" if kind == "multi" else "single",
        label=prediction.main.label,
        probability=None if shares is None else shares[prediction.place(said)],
        output=prediction.logits[prediction.place(said)] if shares is None else None,
        lines=tuple(lines[:SHOWN_CLASSES]),
        more=tuple(lines[SHOWN_CLASSES:LISTED_CLASSES]),
        left_out=prediction.left_out + max(0, len(lines) - LISTED_CLASSES),
    )


def in_words(prediction: explainers.Prediction) -> str:
    """The predicted class; of a regression its values, by name where there are several."""
    if prediction.predicted is not None:
        return prediction.predicted.label
    if len(prediction.labels) == 1:
        return f"{prediction.logits[0]:.3f}"
    named = list(zip(prediction.labels, prediction.logits, strict=True))
    rest = "" if len(named) <= SHOWN_VALUES else ", …"
    return ", ".join(f"{label} {value:.3f}" for label, value in named[:SHOWN_VALUES]) + rest


def _head(prediction: explainers.Prediction) -> str:
    shares = prediction.probabilities
    if shares is None:
        return "regression"
    total = sum(shares)
    return "single" if abs(total - 1) < 1e-6 or (prediction.left_out and total < 1) else "multi"
