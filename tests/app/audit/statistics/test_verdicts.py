"""Five words for five different things."""

from __future__ import annotations

import pytest

from app.audit.data.values import Interval
from app.audit.statistics.verdicts import Verdict, all_equal, verdict

NARROW, WIDE = Interval(-0.02, 0.03, "any", 0.9), Interval(-0.02, 0.09, "any", 0.9)


@pytest.mark.parametrize(
    ("q", "interval", "detectable", "said"),
    [
        (0.04, WIDE, 0.2, Verdict.FINDING),
        (0.04, NARROW, 0.01, Verdict.WITHIN_MARGIN),
        (0.04, None, 0.2, Verdict.FINDING),
        (0.5, NARROW, 0.2, Verdict.SHOWN_EQUAL),
        (0.5, WIDE, 0.04, Verdict.NO_DIFFERENCE_FOUND),
        (0.5, WIDE, 0.06, Verdict.TOO_LITTLE_DATA),
        (None, None, None, Verdict.TOO_LITTLE_DATA),
    ],
)
def test_each_word_has_its_case(
    q: float | None, interval: Interval | None, detectable: float | None, said: Verdict
) -> None:
    """Not found is neither shown equal nor too little data."""
    assert verdict(q, interval, detectable, margin=0.05) is said


def test_every_pair_must_be_equal() -> None:
    """One pair that cannot be told is enough to not say it of the spread."""
    assert all_equal([NARROW, NARROW], margin=0.05)
    assert not all_equal([NARROW, WIDE], margin=0.05)
    assert not all_equal([NARROW, None], margin=0.05)
    assert not all_equal([], margin=0.05)
