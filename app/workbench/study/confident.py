"""Labels that look wrong, by confident learning (Northcutt, Jiang & Chuang 2021, arXiv:1911.00068).

A class is *confident* for a row where its probability is at least the mean that the rows labelled so get. A label looks
wrong where other classes are confident for the row and not its own, or another one more. Probabilities should come from
a model that did not learn these very labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...audit.data.values import Bools, Floats, Ints

FEWEST = 5  # rows of a class: below this its mean says nothing


@dataclass(frozen=True, slots=True)
class LabelDoubts:
    """quality (n,): probability of the given label, the lower the more likely wrong; NaN where there is none to judge.
    looks_wrong (n,). better (n,): number of the class that the row is confidently of, -1 where its label is well."""

    quality: Floats
    looks_wrong: Bools
    better: Ints


def doubts_of(probabilities: Floats, labels: Ints, judged: Bools) -> LabelDoubts:
    """probabilities (n, classes), labels (n,) numbers of classes; rows that are not judged are left alone."""
    n, classes = probabilities.shape
    quality, better = np.full(n, np.nan), np.full(n, -1, dtype=np.int64)
    rows = np.flatnonzero(judged)
    shares, given = probabilities[rows].astype(np.float64), labels[rows]
    own = shares[np.arange(len(rows)), given]
    quality[rows] = own
    thresholds = thresholds_of(shares, given, classes)
    confident = shares >= thresholds - 1e-6
    best = np.where(confident, shares, -1.0).argmax(axis=1)
    said = shares.argmax(axis=1)
    wrong = confident.any(axis=1) & (best != given) & (said != given)
    better[rows[wrong]] = best[wrong]
    return LabelDoubts(quality, better >= 0, better)


def thresholds_of(shares: Floats, given: Ints, classes: int) -> Floats:
    """Mean probability of each class over the rows that have it as their label; no row is confidently of a class with
    fewer than five."""
    found = np.full(classes, np.inf)
    for each in range(classes):
        own = given == each
        if own.sum() >= FEWEST:
            found[each] = shares[own, each].mean()
    return found
