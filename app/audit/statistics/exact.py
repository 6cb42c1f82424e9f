"""Exact tests: Fisher for two rates, McNemar for flips, sign-flip of cluster totals for clustered flips."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from ..data.values import Floats, Ints

RELATIVE = 1 + 1e-7  # tables whose probability differs by rounding alone are equally likely
ENUMERATED = 16  # up to so many clusters every pattern of signs is tried
FLIPS = 9_999


def fisher(events: int, n: int, other_events: int, other_n: int) -> float:
    """Two-sided p of equal rates given the margins: the sum over tables no likelier than this one (Fisher 1935)."""
    total, drawn = n + other_n, events + other_events
    support = np.arange(max(0, drawn - other_n), min(n, drawn) + 1)
    ways = _log_ways(n, support) + _log_ways(other_n, drawn - support) - _log_ways(total, np.array([drawn]))
    probabilities = np.exp(ways)
    observed = probabilities[events - support[0]]
    return float(min(1.0, probabilities[probabilities <= observed * RELATIVE].sum()))


def _log_ways(n: int, chosen: Ints) -> Floats:
    found: Floats = special.gammaln(n + 1) - special.gammaln(chosen + 1) - special.gammaln(n - chosen + 1)
    return found


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p that flips go either way equally often (McNemar 1947, binomial form); 1 without flips."""
    flips = gained + lost
    return float(min(1.0, 2 * stats.binom.cdf(min(gained, lost), flips, 0.5))) if flips else 1.0


def sign_flip(differences: Floats, clusters: Ints, *, seed: int, flips: int = FLIPS) -> float:
    """Two-sided p that paired differences are centred at 0, clusters being independent and rows within them not.

    The sign of each cluster's total is as likely + as −; all patterns up to 16 clusters, else a sample with the
    observed pattern counted in. In place of McNemar where several pairs come from one template or document.
    """
    totals = np.bincount(clusters, weights=differences)
    totals = totals[totals != 0]
    if not len(totals):
        return 1.0
    observed = abs(totals.sum()) / RELATIVE
    if len(totals) <= ENUMERATED:
        patterns = (np.arange(2 ** len(totals))[:, None] >> np.arange(len(totals))) & 1
        return float(np.mean(np.abs((1 - 2 * patterns) @ totals) >= observed))
    signs = np.random.default_rng(seed).integers(0, 2, (flips, len(totals))) * 2 - 1
    return float((1 + np.count_nonzero(np.abs(signs @ totals) >= observed)) / (flips + 1))
