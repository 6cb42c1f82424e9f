"""Influence of training texts on a prediction: gradient products over checkpoints (TracIn, Pruthi et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]


def influences(taught: Sequence[NDArray[Any]], asked: Sequence[NDArray[Any]], rates: Sequence[float]) -> Scores:
    """(texts,): by how much steps along each training text lowered the loss of the asked class, to first order.

    taught: sketches (texts, width) of the training texts, one array a checkpoint; asked: (width,) of the prediction;
    rates: the learning rate at each. Positive: the text raised the prediction.
    """
    found = np.zeros(len(taught[0]))
    for ours, query, rate in zip(taught, asked, rates, strict=True):
        found += rate * (ours.astype(np.float32) @ query.astype(np.float32)).astype(np.float64)
    return found


def strongest(scores: Scores, count: int) -> tuple[list[int], list[int]]:
    """Numbers of the texts that raised most, and of those that lowered most; none of the other sign is among them."""
    order = np.argsort(-scores, kind="stable")
    raised = [int(row) for row in order[:count] if scores[row] > 0]
    lowered = [int(row) for row in order[::-1][:count] if scores[row] < 0]
    return raised, lowered
