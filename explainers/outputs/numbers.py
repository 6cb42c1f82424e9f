"""Bare numbers: what a regression says. They have no probability, and another answer is another size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..contract import BoolArray, Ends, FloatArray, Head
from .classes import Labelled


def gone_half_way(numbers: FloatArray, *, whole: float, empty: float) -> BoolArray:
    """(rows,): whether a number has gone half of the way from that of the whole input to the baseline's, or further."""
    other: BoolArray = np.abs(numbers - whole) >= max(abs(whole - empty) / 2, 1e-9)
    other &= (numbers > whole) == (empty > whole)
    return other


@dataclass(frozen=True)
class Numbers(Labelled):
    """An Output whose columns are the numbers themselves."""

    has_probabilities: bool = False

    @property
    def head(self) -> Head:
        return "regression"

    def probability(self, columns: FloatArray, target: int) -> FloatArray:
        """The number itself."""
        chosen: FloatArray = columns[:, target]
        return chosen

    def flips(self, columns: FloatArray, *, said: int, ends: Ends) -> BoolArray:
        """The number has gone half of the way to the baseline's."""
        return gone_half_way(columns[:, said], whole=float(ends.whole[0, said]), empty=float(ends.empty[0, said]))

    def falls(self, *, said: int, ends: Ends) -> bool:
        return bool(ends.whole[0, said] >= ends.empty[0, said])
