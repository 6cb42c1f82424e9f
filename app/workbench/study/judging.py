"""A frame from rows and what a model scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ..._library import explainers
from ...audit.data.values import Floats
from ...datasets.reading.labels import match
from .frame import Frame, Named, named


class Labelled(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def text_pair(self) -> str | None: ...
    @property
    def label(self) -> str | None: ...
    @property
    def groups(self) -> dict[str, str]: ...


def frame_of(rows: Sequence[Labelled], classes: Sequence[str], head: explainers.Head, scores: Floats) -> Frame:
    """scores (n, classes): logits; NaN for a row that the model cannot read. Labels are matched with classes by name,
    as everywhere in Whence."""
    matched = match(sorted({row.label for row in rows if row.label is not None}), classes).classes
    known = ~np.isnan(scores).any(axis=1) if scores.size else np.zeros(len(rows), bool)
    shares = np.full(scores.shape, np.nan, dtype=np.float32)
    shares[known] = explainers.values.probabilities(scores[known], head)
    best = np.where(known, np.nan_to_num(shares, nan=-1.0).argmax(axis=1), -1)
    confidence = np.where(known, shares[np.arange(len(rows)), np.maximum(best, 0)], np.nan).astype(np.float64)
    return Frame(
        texts=[said_by(row) for row in rows],
        classes=tuple(classes),
        label=named([None if row.label is None else matched.get(row.label, row.label) for row in rows], classes),
        predicted=Named(tuple(classes), best.astype(np.int64)),
        confidence=confidence,
        groups=_groups(rows),
        probabilities=shares,
    )


def said_by(row: Labelled) -> str:
    """Both texts of a pair, one line each."""
    return row.text if row.text_pair is None else f"{row.text}\n{row.text_pair}"


def _groups(rows: Sequence[Labelled]) -> dict[str, Named]:
    columns = dict.fromkeys(name for row in rows for name in row.groups)
    return {column: named([row.groups.get(column) for row in rows]) for column in columns}
