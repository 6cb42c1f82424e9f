"""Effects of each region on the number that is explained: of a class, or of words of a caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ask.schemas import ExplanationOut, PanelOut

FIRST = "leave-one-out"  # whose scores tell the probability without a region


@dataclass(frozen=True, slots=True, kw_only=True)
class Painted:
    """One number a region each. without: the probability when the region is absent, where the model was asked that."""

    scores: Any | None
    errors: Any | None
    without: Any | None


def of_class(panel: PanelOut, found: ExplanationOut, target: int) -> Painted:
    """The scores of one method for one class."""
    row, asked = found.row(target), without_one(panel)
    without = None
    if asked is not None and asked.value == "log-odds":
        odds = float(asked.output[asked.row(target)]) - np.asarray(asked.scores)[asked.row(target)]
        without = 1 / (1 + np.exp(-odds))
    return Painted(
        scores=None if found.scores is None else np.asarray(found.scores[row]),
        errors=None if found.standard_errors is None else np.asarray(found.standard_errors[row]),
        without=without,
    )


def without_one(panel: PanelOut) -> ExplanationOut | None:
    """The explanation that left out one region at a time; None unless it was asked for."""
    return next((each for each in panel.explanations if each.method.name == FIRST and each.scores is not None), None)
