"""Costs of a model: bytes of its files, milliseconds for one text, bytes of its weights in memory."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from ..audit.evidence.oracle import Oracle
from .schemas import CostOut, EstimateOut

TIMED = 40  # texts
ROUNDS = 3
WARMED = 3
RESAMPLES = 2_000


def cost(before: float, after: float) -> CostOut:
    """The ratio of two counted numbers, which has no interval."""
    return CostOut(before=before, after=after, ratio=EstimateOut(value=after / before if before else None))


def milliseconds_of(one: Oracle, other: Oracle, texts: Sequence[str], *, seed: int) -> CostOut:
    """The median over texts of the fastest of three rounds, one text at a time, the models by turns.

    The ratio is the median of the texts' own ratios, with bootstrap percentiles: absolute times are those of this
    machine at this moment, the ratio is less so.
    """
    drawn = np.random.default_rng(seed).permutation(len(texts))[:TIMED]
    chosen = [texts[row] for row in drawn]
    for text in chosen[:WARMED]:
        one.logits([text])
        other.logits([text])
    taken = np.full((2, len(chosen)), np.inf)
    for turn in range(ROUNDS):
        for at, text in enumerate(chosen):
            first = (turn + at) % 2  # who comes second finds the text's memory warm
            for side, oracle in ((first, (one, other)[first]), (1 - first, (one, other)[1 - first])):
                started = time.perf_counter()
                oracle.logits([text])
                taken[side, at] = min(taken[side, at], 1000 * (time.perf_counter() - started))
    ratios = taken[1] / taken[0]
    draws = np.random.default_rng(seed).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.quantile(np.median(ratios[draws], axis=1), [0.025, 0.975])
    ratio = EstimateOut(value=float(np.median(ratios)), low=float(low), high=float(high))
    return CostOut(before=float(np.median(taken[0])), after=float(np.median(taken[1])), ratio=ratio)
