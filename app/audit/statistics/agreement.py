"""Intervals that agree with the tests of a family: one excludes 0 exactly where its gap is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..data.values import Interval
from .multiplicity import Correction, penalty_of, q_values

MARKED = "{}; the end near 0 by the test"
TIE = 1e-9  # of the gap: beside 0, and no more


@dataclass(frozen=True)
class Bound:
    """The bound that p must not exceed, with `found` of `tested` below it, and the level of the matching intervals.

    1 − bound is the level at which intervals of what was found keep a false coverage rate of alpha (Benjamini &
    Yekutieli 2005): bound = alpha · found / tested, with at least one found.
    """

    bound: float
    tested: int
    found: int

    @property
    def level(self) -> float:
        return 1 - self.bound


def bound_of(p_values: Sequence[float | None], *, alpha: float, correction: Correction) -> Bound:
    """Benjamini and Hochberg (or Yekutieli) find exactly the tests whose p is at most the bound."""
    found = sum(q is not None and q <= alpha for q in q_values(p_values, correction))
    tested = sum(p is not None for p in p_values)
    return Bound(alpha * max(found, 1) / max(tested, 1) / penalty_of(tested, correction), tested, found)


def agreeing(interval: Interval | None, gap: float, *, found: bool) -> Interval | None:
    """The interval with 0 on the side where the test has it. Interval and test are made in two ways and may differ
    close to the bound; of 0 the exact test decides, so that then the end that faces it lies at 0, or just beside it.
    Values beyond 0 are less likely than 0 itself, so that this costs no coverage where the gap is found."""
    if interval is None or gap == 0 or (0 in interval) is not found:
        return interval
    end = gap * TIE if found else 0.0
    method = MARKED.format(interval.method)
    return replace(interval, low=end, method=method) if gap > 0 else replace(interval, high=end, method=method)
