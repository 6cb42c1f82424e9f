"""The words of an answer by the parts of its prompt: each row adds up to what its word owes to the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..explain.ask.schemas import ExplanationOut
from ..explain.draw.heatmap import step_of
from .view import Word

MOST = 40  # words, and parts: a wider table is not read


@dataclass(frozen=True, slots=True)
class GridCell:
    score: float
    step: int  # −5 … 5


@dataclass(frozen=True, slots=True, kw_only=True)
class GridRow:
    """A word of the answer. strongest: the number of the part that gives most."""

    word: str
    cells: tuple[GridCell, ...]
    strongest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    parts: tuple[str, ...]
    rows: tuple[GridRow, ...]


def grid_of(found: ExplanationOut, words: Sequence[Word]) -> Grid | None:
    """None where there are too many words or parts for a table, or not every word was explained."""
    if found.scores is None or len(words) > MOST or not 0 < len(found.features) <= MOST:
        return None
    places = {target.at: row for row, target in enumerate(found.targets) if target.at is not None}
    if not words or any(at not in places for word in words for at in range(word.first, word.stop)):
        return None
    scores = np.asarray(found.scores)
    by_word = np.stack([scores[[places[at] for at in range(w.first, w.stop)]].sum(axis=0) for w in words])
    top = float(np.abs(by_word).max())
    rows = tuple(
        GridRow(
            word=word.text.strip(),
            cells=tuple(GridCell(float(score), step_of(float(score), top)) for score in row),
            strongest=int(row.argmax()),
        )
        for word, row in zip(words, by_word, strict=True)
    )
    return Grid(parts=tuple(feature.text.strip() for feature in found.features), rows=rows)
