"""Vectors of rows: blocks of unequal width together, lengths of 1, and fewer numbers where the rows are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
NARROW = 64  # the width to which vectors of many rows are projected


def stacked(blocks: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """All rows of blocks (rows, width), filled with NaN up to the widest."""
    width = max((block.shape[1] for block in blocks), default=0)
    missing = [((0, 0), (0, width - block.shape[1])) for block in blocks]
    return np.concatenate(
        [np.pad(block, add, constant_values=np.nan) if add[1][1] else block
         for block, add in zip(blocks, missing, strict=True)]
    )  # fmt: skip


def narrowed(vectors: Floats, rows: int, *, whole: int) -> Floats:
    """Vectors (n, width), projected at random where more than `whole` rows have some; that keeps angles and distances
    but for some percent."""
    width = vectors.shape[1]
    if rows <= whole or width <= NARROW:
        return vectors
    found: Floats = vectors @ (np.random.default_rng(0).normal(size=(width, NARROW)) / NARROW**0.5)
    return found


def units_of(vectors: Floats) -> Floats:
    """Vectors (n, width) at length 1; one without a direction is NaN."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(lengths > 1e-9, vectors / lengths, np.nan)
    return found
