"""Is a map more faithful to this text than chance? Its strongest parts against random ones in equal numbers.

What a map is measured by, the prediction without its strongest parts and with these alone, is certain; what random
parts give is known of a few sets of each size, and the interval tells how well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..contract import Faithfulness, FloatArray, Gain

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Chance:
    """Falls of the probability by random sets of one size (sets,), and how many such sets there are in all."""

    falls: FloatArray
    there_are: int

    @property
    def variance(self) -> float:
        """Variance of the mean of sets that are drawn without replacement."""
        count = len(self.falls)
        if count >= self.there_are or count < 2:
            return 0.0
        return float(self.falls.var(ddof=1)) / count * (1 - count / self.there_are)


def faithfulness(
    without: FloatArray, only: FloatArray, random_without: Sequence[Chance], random_only: Sequence[Chance]
) -> Faithfulness:
    """without, only: (bins,), what the probability loses without the strongest parts and with these alone. The random
    ones in the same order of bins; bins of one size hold the same sets."""
    return Faithfulness(
        comprehensiveness=_gain(float(without.mean()), random_without, sign=1),
        sufficiency=_gain(float(only.mean()), random_only, sign=-1),
        sets=sum(len(each.falls) for kind in (random_without, random_only) for each, _ in _distinct(kind)),
    )


def mean_of(chances: Sequence[Chance]) -> float:
    """The mean over bins (bins,) of what random sets give."""
    return float(np.mean([each.falls.mean() for each in chances]))


def _gain(own: float, chances: Sequence[Chance], *, sign: int) -> Gain:
    value = sign * (own - mean_of(chances))
    half = _half_width(chances)
    return Gain(value=value, low=value - half, high=value + half)


def _half_width(chances: Sequence[Chance]) -> float:
    """Half the interval of the mean over bins: Student's t with the degrees of freedom of Welch and Satterthwaite."""
    from scipy.stats import t

    parts = [((bins / len(chances)) ** 2 * each.variance, len(each.falls) - 1) for each, bins in _distinct(chances)]
    variance = sum(part for part, _ in parts)
    if not variance:
        return 0.0
    freedom = variance**2 / sum(part**2 / free for part, free in parts if part)
    return float(t.ppf((1 + CONFIDENCE) / 2, freedom) * np.sqrt(variance))


def _distinct(chances: Sequence[Chance]) -> list[tuple[Chance, int]]:
    """The chances of different sizes, and in how many bins each stands."""
    found = {id(each): each for each in chances}
    return [(each, sum(other is each for other in chances)) for each in found.values()]
