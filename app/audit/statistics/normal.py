"""The normal law and logarithms of factorials by NumPy alone: the process of the pages counts with them, and scipy's
special functions would cost it 30 MB for as long as it runs."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from ..data.values import Floats

SMALL = 16  # below it the logarithms of factorials are a table, from it on Stirling's series
TABLE = np.array([math.lgamma(k + 1) for k in range(SMALL)])


@lru_cache(maxsize=64)
def quantile(share: float) -> float:
    """The value that a standard normal variable stays below with this probability (Wichura 1988)."""
    return NormalDist().inv_cdf(share)


def two_sided(z: ArrayLike) -> Floats:
    """Probability that a standard normal variable is at least as far from 0."""
    found = [math.erfc(abs(each) / math.sqrt(2)) for each in np.ravel(z).tolist()]
    return np.array(found).reshape(np.shape(z))


def log_factorial(n: ArrayLike) -> Floats:
    """ln n! of whole numbers from 0 on; Stirling's series with four terms, right to the last digits."""
    counts = np.asarray(n, dtype=np.float64)
    x = np.maximum(counts, SMALL) + 1
    inverse = 1 / (x * x)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / x
    large = (x - 0.5) * np.log(x) - x + 0.5 * math.log(2 * math.pi) + series
    return np.where(counts < SMALL, TABLE[np.minimum(counts, SMALL - 1).astype(np.int64)], large)
