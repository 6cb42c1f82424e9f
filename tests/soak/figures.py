"""What a scenario measures: a number, what it is held to, and whether it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    name: str
    value: float
    limit: float | None = None  # at most; None: reported, not held
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.limit is None or self.value <= self.limit


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1))]
