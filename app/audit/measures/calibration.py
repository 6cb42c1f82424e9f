"""Whether scores mean what they say, group by group (audit measure 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..data.values import FEW, Bools, Floats, Interval, Ints, Reason, Rows
from ..statistics.bootstrap import RESAMPLES, bca
from .metrics import labelled, labels

BINS = 10
BATCH = 200_000  # values held at once
LEAST = 20  # rows a bin; fewer rows make fewer bins
Masses = Literal["equal_mass", "equal_width"]


@dataclass(frozen=True)
class Bin:
    """Rows of like score: their mean score and the share that is of the class."""

    n: int
    score: float
    rate: float


@dataclass(frozen=True)
class Calibration:
    """error: Σ n_b/n |rate_b − score_b|. perfect_*: what a perfectly calibrated model shows with the same scores, since
    the error is never 0 for so few rows. offset: mean score − rate, above 0 where scores are too high."""

    n: int
    error: float | None = None
    perfect_mean: float | None = None
    perfect_high: float | None = None  # 95 % of perfectly calibrated models show less
    offset: float | None = None
    offset_interval: Interval | None = None
    bins: tuple[Bin, ...] = ()
    reason: Reason | None = None


def calibration(rows: Rows, inside: Bools, *, masses: Masses = "equal_mass", seed: int = 0) -> Calibration:
    """Calibration of the labelled rows among those marked (n,). Bins hold 20 rows each and are of equal mass (Nixon et
    al. 2019) or width (Naeini et al. 2015)."""
    inside = inside & labelled(rows)
    scores, truth = rows.scores[inside], labels(rows)[inside].astype(np.float64)
    n = len(scores)
    if n < max(FEW, LEAST):
        return Calibration(n, reason=Reason.TOO_FEW if n else Reason.NO_ROWS)
    bins = _bins(scores, masses)
    member = (bins[:, None] == np.arange(bins.max() + 1)).astype(np.float64)
    error = _errors(scores, truth[None, :], member)[0]
    perfect = _perfect(scores, member, seed=seed)
    difference = scores - truth
    left_out = (difference.sum() - difference) / (n - 1)
    interval = bca(
        lambda at: float(difference[at].mean()), n, left_out=left_out, seed=seed, resamples=RESAMPLES // 2
    )  # fmt: skip
    counts = np.bincount(bins)
    return Calibration(
        n,
        float(error),
        float(perfect.mean()),
        float(np.quantile(perfect, 0.95)),
        float(difference.mean()),
        interval,
        tuple(
            Bin(int(count), float(scores[bins == b].mean()), float(truth[bins == b].mean()))
            for b, count in enumerate(counts)
        ),
    )


def _bins(scores: Floats, masses: Masses) -> Ints:
    """(n,) the bin of each row; equal scores share a bin, bins of fewer than 20 rows join the one before."""
    wanted = max(1, min(BINS, len(scores) // LEAST))
    if masses == "equal_mass":
        edges = np.unique(np.quantile(scores, np.linspace(0, 1, wanted + 1)[1:-1]))
    else:
        edges = np.linspace(0, 1, BINS + 1)[1:-1]
    found = np.searchsorted(edges, scores, side="left")
    joined, current, held = np.zeros(len(edges) + 1, dtype=np.int64), 0, 0
    counts = np.bincount(found, minlength=len(edges) + 1)
    for b, count in enumerate(counts):
        rest = counts[b:].sum()
        if held >= LEAST and rest >= LEAST:
            current, held = current + 1, 0
        joined[b] = current
        held += count
    return joined[found]


def _perfect(scores: Floats, member: Floats, *, seed: int) -> Floats:
    """(RESAMPLES,) errors of labels that are drawn with the very scores, some draws at a time."""
    rng, together = np.random.default_rng(seed), max(1, BATCH // len(scores))
    sizes = [min(together, RESAMPLES - start) for start in range(0, RESAMPLES, together)]
    return np.concatenate([_errors(scores, rng.random((size, len(scores))) < scores, member) for size in sizes])


def _errors(scores: Floats, truths: Floats | Bools, member: Floats) -> Floats:
    """(k,) the error of k sets of labels (k, n) for the same scores. member (n, bins): 1 in the row's bin."""
    errors: Floats = np.abs((truths - scores) @ member).sum(axis=1) / len(scores)
    return errors
