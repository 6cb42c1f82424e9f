"""Decisions of two models on the same texts: accuracies, their paired difference, and the texts whose class flips."""

from __future__ import annotations

import numpy as np

from ..audit.data.values import Interval, Ints
from ..audit.statistics.intervals import wilson
from ..compare.flips import flips_of
from .material import NO_LABEL
from .schemas import DecisionsOut, EstimateOut


def decisions_of(before: Ints, after: Ints, labels: Ints) -> DecisionsOut:
    """before, after (texts,): the most probable class of each model."""
    known = labels != NO_LABEL
    n, flips = int(known.sum()), int((before != after).sum())
    right, right_after = (before == labels)[known], (after == labels)[known]
    found = flips_of(right, right_after)
    rate = estimate(flips / len(before), wilson(flips, len(before)))
    if not n:
        return DecisionsOut(
            texts=len(before), labelled=0, before=None, after=None, difference=None, flips=flips, flip_rate=rate,
            gained=0, lost=0, p=None,
        )  # fmt: skip
    return DecisionsOut(
        texts=len(before),
        labelled=n,
        before=estimate(float(right.mean()), wilson(int(right.sum()), n)),
        after=estimate(float(right_after.mean()), wilson(int(right_after.sum()), n)),
        difference=estimate(found.difference, found.interval),
        flips=flips,
        flip_rate=rate,
        gained=found.better,
        lost=found.worse,
        p=found.p,
    )


def estimate(value: float | None, interval: Interval | None) -> EstimateOut:
    if value is None or not np.isfinite(value):
        return EstimateOut(value=None)
    if interval is None:
        return EstimateOut(value=value)
    return EstimateOut(value=value, low=interval.low, high=interval.high)
