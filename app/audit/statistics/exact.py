"""Exact tests: Fisher for two rates, alone or over strata, McNemar for flips, sign-flip of cluster totals for flips of
clustered rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..data.values import Floats, Ints
from .normal import log_factorial, two_sided

RELATIVE = 1 + 1e-7  # tables whose probability differs by rounding alone are equally likely
ENUMERATED = 16  # up to so many clusters every pattern of signs is tried
FLIPS = 9_999
OUTCOMES, SMALL = 20_000, 1_000  # of a sum of strata; rows of a stratum whose law is kept


def fisher(events: int, n: int, other_events: int, other_n: int) -> float:
    """Two-sided p of equal rates given the margins: the sum over tables no likelier than this one (Fisher 1935)."""
    return stratified_fisher(*(np.array([count]) for count in (events, n, other_events, other_n)))


def stratified_fisher(events: Ints, n: Ints, other_events: Ints, other_n: Ints) -> float:
    """Fisher's test over strata (strata,) of which each may have its own rate: the exact form of the
    Cochran-Mantel-Haenszel test (Birch 1964). Two-sided p of the sum of `events`, given the margins of every stratum;
    the normal law above 20,000 outcomes."""
    drawn, total = events + other_events, n + other_n
    varied = (n > 0) & (other_n > 0) & (drawn > 0) & (drawn < total)
    margins = np.stack([n, other_n, drawn], axis=1)[varied].astype(np.int64)
    if not len(margins):
        return 1.0
    observed = int(events[varied].sum())
    lowest = np.maximum(0, margins[:, 2] - margins[:, 1])
    if int((np.minimum(margins[:, 0], margins[:, 2]) - lowest).sum()) > OUTCOMES:
        return _normal_p(observed, *margins.astype(np.float64).T)
    law = np.ones(1)
    for row in margins.tolist():
        law = np.convolve(law, _hypergeometric(*row) if row[0] + row[1] <= SMALL else _law(*row))
    return float(min(1.0, law[law <= law[observed - int(lowest.sum())] * RELATIVE].sum()))


def _law(n: int, other_n: int, drawn: int) -> Floats:
    """How likely each number of events among the n is, from the least possible on."""
    support = np.arange(max(0, drawn - other_n), min(n, drawn) + 1)
    ways = _log_ways(n, support) + _log_ways(other_n, drawn - support) - _log_ways(n + other_n, np.array([drawn]))
    return np.asarray(np.exp(ways), dtype=np.float64)


_hypergeometric = lru_cache(maxsize=4096)(_law)  # templates have few shapes


def _normal_p(observed: int, n: Floats, other_n: Floats, drawn: Floats) -> float:
    total = n + other_n
    variance = float((n * other_n * drawn * (total - drawn) / (total**2 * (total - 1))).sum())
    return float(two_sided((observed - float((n * drawn / total).sum())) / variance**0.5))


def _log_ways(n: int, chosen: Ints) -> Floats:
    return log_factorial(n) - log_factorial(chosen) - log_factorial(n - chosen)


def mcnemar(gained: int, lost: int) -> float:
    """Exact two-sided p that flips go either way equally often (McNemar 1947, binomial form); 1 without flips."""
    flips, fewer = gained + lost, np.arange(min(gained, lost) + 1)
    tail = np.exp(_log_ways(flips, fewer) - flips * np.log(2)).sum()
    return float(min(1.0, 2 * tail)) if flips else 1.0


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
