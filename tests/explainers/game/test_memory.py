"""Explanations leave nothing behind in the engine's memory; the long figure is `make soak ONLY=memory`."""

from __future__ import annotations

from tests.soak.explanations import memory_growth
from tests.tiny import tiny


def test_different_explanations_leave_no_memory_behind() -> None:
    """Panels of 40 different texts after 60 others: less than 12 MB, which a kept table of each would pass."""
    grown = memory_growth(tiny("bert"), count=40, first=60)

    assert grown <= 12
