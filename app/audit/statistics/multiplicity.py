"""Many tests at once: q-values by Benjamini-Hochberg, or by Benjamini-Yekutieli where tests may depend in any way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..data.values import Floats

Correction = Literal["bh", "by"]


def q_values(p_values: Sequence[float | None] | Floats, correction: Correction = "bh") -> list[float | None]:
    """q of each p: the smallest false discovery rate at which it is still found. A test without p (None, NaN) has no q
    and does not count. Benjamini & Hochberg 1995; Benjamini & Yekutieli 2001 (times the sum of 1/i)."""
    given = np.array([np.nan if p is None else p for p in p_values], dtype=np.float64)
    tested = np.flatnonzero(~np.isnan(given))
    found: list[float | None] = [None] * len(given)
    if not len(tested):
        return found
    order = tested[np.argsort(given[tested], kind="stable")]
    m = len(order)
    stepped = given[order] * m * penalty_of(m, correction) / np.arange(1, m + 1)
    adjusted = np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0)
    for row, q in zip(order, adjusted, strict=True):
        found[row] = float(q)
    return found


def penalty_of(tests: int, correction: Correction) -> float:
    """The factor paid for tests that may depend in any way: Σ 1/i over their number; 1 for Benjamini and Hochberg's."""
    return float(np.sum(1 / np.arange(1, tests + 1))) if correction == "by" and tests else 1.0


def family_size(measures: int, groups: int) -> int:
    """How many tests a family has: every group, and the spread over all of them, for every measure. groups: those that
    are no mirror of another."""
    return max(1, measures) * (groups + (groups > 1))
