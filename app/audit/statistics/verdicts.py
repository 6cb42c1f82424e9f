"""The verdicts on a gap: found, found and too small to matter, shown equal, not found, too little data to say."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from ..data.values import Interval

EQUIVALENCE_LEVEL = 0.90  # two one-sided tests at 5 % are one 90 % interval (Schuirmann 1987)


class Verdict(StrEnum):
    FINDING = "finding"  # q <= alpha within the declared family
    WITHIN_MARGIN = "found, within the margin"  # the same, and the 90 % interval lies within the declared margin
    SHOWN_EQUAL = "shown equal"  # not found, and the 90 % interval lies within the declared margin
    NO_DIFFERENCE_FOUND = "no difference found"  # neither, though a gap of the margin would have been seen
    TOO_LITTLE_DATA = "too little data"  # a gap as large as the margin could have gone unseen


def verdict(
    q: float | None,
    interval: Interval | None,
    detectable: float | None,
    *,
    margin: float,
    alpha: float = 0.05,
) -> Verdict:
    """interval is the 90 % interval of the gap; detectable the smallest gap these rows show; q None if not tested."""
    if q is not None and q <= alpha:
        return Verdict.WITHIN_MARGIN if interval is not None and interval.within(margin) else Verdict.FINDING
    if q is not None and interval is not None and interval.within(margin):
        return Verdict.SHOWN_EQUAL
    if q is None or detectable is None or detectable > margin:
        return Verdict.TOO_LITTLE_DATA
    return Verdict.NO_DIFFERENCE_FOUND


def all_equal(pairs: Iterable[Interval | None], *, margin: float) -> bool:
    """Whether a largest gap is shown equal: the 90 % interval of every pair lies within the margin; False of no pairs.

    Every pair must pass, so no correction is needed (an intersection-union test).
    """
    some = False
    for pair in pairs:
        if pair is None or not pair.within(margin):
            return False
        some = True
    return some
