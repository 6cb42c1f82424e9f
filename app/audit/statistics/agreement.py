"""Intervals that agree with the tests of a family: one excludes 0 exactly where its gap is found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import special

from ..data.values import Interval
from .multiplicity import Correction, penalty_of, q_values

MARKED = "{}; the end near 0 by the test"
TIE = 1e-9  # a p that lies on the bound is below it


@dataclass(frozen=True)
class Bound:
    """What p must not exceed to be found, `found` of `tested` being so, and the level of the intervals that say it.

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


def agreeing(interval: Interval | None, gap: float, p: float, *, found: bool) -> Interval | None:
    """The interval with 0 on the side where the test has it. Interval and test are made in two ways and may differ
    close to the bound; then the end that faces 0 is gap · (1 − z / z of p) (Miettinen 1976), z being the level's."""
    if interval is None or gap == 0 or (0 in interval) is not found:
        return interval
    wanted = float(special.ndtri((1 + interval.level) / 2))
    reached = float(-special.ndtri(min(p, 1.0) / 2))
    end = gap * (1 - wanted / max(reached, wanted * (1 + TIE) if found else TIE))
    method = MARKED.format(interval.method)
    if gap > 0:
        return replace(interval, low=max(end, -abs(interval.high)), method=method)
    return replace(interval, high=min(end, abs(interval.low)), method=method)
