"""Rows to look at in a data set: a tag for every reason, and what is suggested to do with the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...audit.data.values import Bools, Floats, Ints
from .alike import alike
from .confident import LabelDoubts, doubts_of
from .frame import Frame

Tag = Literal["label-looks-wrong", "conflicting-labels", "near-duplicate", "low-margin", "no-similar-row"]
Suggested = Literal["relabel", "drop"]
TAGS: tuple[Tag, ...] = ("label-looks-wrong", "conflicting-labels", "near-duplicate", "low-margin", "no-similar-row")
OF_TEXTS: tuple[Tag, ...] = ("near-duplicate", "no-similar-row")  # that say nothing of label and prediction
MARGIN = 0.1  # between the two most probable classes
FAR = 3.0  # interquartile ranges beyond the upper quartile
MOST_COMPARED = 5_000  # rows that each row is compared with


@dataclass(frozen=True, eq=False, slots=True)
class Tagged:
    """tags: the rows of each. same (n,): the first text that this one nearly repeats, itself where there is none.
    doubts: None where the labels were not judged. suggested: row → what is suggested."""

    tags: Mapping[str, Bools]
    same: Ints
    doubts: LabelDoubts | None
    suggested: Mapping[int, Suggested]

    def rows(self) -> list[tuple[int, tuple[str, ...]]]:
        """Rows with a tag: doubtful labels first, the most doubtful of them first, then by number."""
        some: Bools = np.logical_or.reduce(list(self.tags.values()))
        quality = None if self.doubts is None else self.doubts.quality
        wrong = self.tags.get("label-looks-wrong")

        def place(row: int) -> tuple[bool, float, int]:
            doubted = wrong is not None and quality is not None and bool(wrong[row])
            return not doubted, float(quality[row]) if doubted and quality is not None else 0.0, row

        return [
            (row, tuple(tag for tag, mask in self.tags.items() if mask[row]))
            for row in sorted(np.flatnonzero(some).tolist(), key=place)
        ]


def tagged(frame: Frame, vectors: Floats | None = None, *, one_class: bool = True) -> Tagged:
    """vectors (n, width): states of the classifier, by which rows are similar; without them no row lacks a similar one.
    one_class: one class holds at a time, as confident learning and margins suppose."""
    same = alike(frame.words)
    size = np.bincount(same, minlength=len(frame)) if len(frame) else np.zeros(0, dtype=np.int64)
    repeated = size[same] > 1
    found: dict[str, Bools] = {"conflicting-labels": repeated & _conflicting(frame, same), "near-duplicate": repeated}
    doubts = None
    if frame.probabilities is not None and one_class and len(frame.classes) > 1:
        shares = frame.probabilities.astype(np.float64)
        doubts = doubts_of(shares, frame.label.codes, frame.judged)
        found["label-looks-wrong"] = doubts.looks_wrong
        found["low-margin"] = _low_margin(shares, frame.predicted.codes)
    if vectors is not None and vectors.shape[1]:
        found["no-similar-row"] = isolated(vectors)
    tags: dict[str, Bools] = {tag: found[tag] for tag in TAGS if tag in found}
    return Tagged(tags, same, doubts, _suggested(tags, same))


def _conflicting(frame: Frame, same: Ints) -> Bools:
    """Rows whose near-duplicates have other labels."""
    labels: dict[int, set[int]] = {}
    for first, label in zip(same.tolist(), frame.label.codes.tolist(), strict=True):
        if label >= 0:
            labels.setdefault(first, set()).add(label)
    return np.array([len(labels.get(first, ())) > 1 for first in same.tolist()], dtype=np.bool_)


def _low_margin(shares: Floats, predicted: Ints) -> Bools:
    ordered = np.sort(np.nan_to_num(shares), axis=1)
    low: Bools = (predicted >= 0) & (ordered[:, -1] - ordered[:, -2] < MARGIN)
    return low


def isolated(vectors: Floats) -> Bools:
    """Rows whose nearest other row is unusually far by the angle between states, as the far outliers of a box plot."""
    n = len(vectors)
    if n < 20:  # an outlier of so few means nothing
        return np.zeros(n, dtype=np.bool_)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.nan_to_num(vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    others = np.arange(n) if n <= MOST_COMPARED else np.sort(np.random.default_rng(0).choice(n, MOST_COMPARED, False))
    nearest = np.empty(n)
    for start in range(0, n, 512):
        part = units[start : start + 512] @ units[others].T
        part[others[None, :] == np.arange(start, min(start + 512, n))[:, None]] = -2.0
        nearest[start : start + 512] = 1 - part.max(axis=1)
    logs = np.log(np.maximum(nearest, 1e-6))  # distances are skewed, their logarithms hardly
    low, high = np.quantile(logs, [0.25, 0.75])
    return np.asarray(logs > high + FAR * max(float(high - low), 0.1))


def _suggested(tags: Mapping[str, Bools], same: Ints) -> dict[int, Suggested]:
    """A label that looks wrong is to be looked at again; of texts that repeat each other all but the first may go."""
    found: dict[int, Suggested] = {}
    conflicting = tags["conflicting-labels"]
    for row in np.flatnonzero(tags["near-duplicate"] & ~conflicting).tolist():
        if same[row] != row:
            found[row] = "drop"
    wrong = tags.get("label-looks-wrong")
    for row in np.flatnonzero(conflicting if wrong is None else conflicting | wrong).tolist():
        found[row] = "relabel"
    return found
