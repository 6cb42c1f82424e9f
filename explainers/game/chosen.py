"""Which pairs of complements tell most about Shapley values, in the order in which they are asked for.

Under the prior of shapley.py with equal players the next pair is the one, of some drawn at random, that takes most from
the posterior variance of all Shapley values together (Bayesian experimental design, Chaloner & Verdinelli 1995). Every
second pair is of the middle size, where a pair tells most; the others go round the sizes, since LIME and the measures
read them all. Measured: docs/decisions/0017 and 0019.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations
from math import comb, sqrt

import numpy as np

from ..contract import BoolArray, FloatArray
from .shapley import covariance, cross_covariance
from .threads import on_one_thread

DRAWN = 64  # the best of so many; 16 leave an error of an eighth more
MOST_CHOSEN = 128  # pairs; the rest are drawn and not chosen: by then most that can be planned for has been told
MIDDLE = 2  # one pair in so many is of the middle size
SINGLES = 3.0
STRENGTH, AT_PLAYERS = 0.12, 12  # triples vary by a two-hundredth of what single players do, at every length
LEAST_LEFT = 1e-9


def pairs_of(players: int, size: int) -> int:
    """Pairs {S, complement} with |S| = size <= players/2."""
    return comb(players, size) // 2 if 2 * size == players else comb(players, size)


@lru_cache(maxsize=64)
@on_one_thread
def chosen_pairs(players: int, pairs: int, *, singles: bool) -> BoolArray:
    """One coalition (pairs, players) of each pair, all different, at most half of the players kept.

    singles: size 1 comes first and completely. A smaller number of pairs gives the first of the same pairs. The labels
    of the players mean nothing: who uses it permutes them.
    """
    draw = np.random.default_rng(players)
    found = [*np.eye(players, dtype=bool)] if singles else []
    seen = {row.tobytes() for row in found}
    left = _Left(np.array([np.ones(players, dtype=bool), *found]), pairs + 1)
    for size in _sizes(players, pairs - len(found), complete=1 if singles else 0):
        candidates = _candidates(players, size, seen, draw, 1 if len(found) > MOST_CHOSEN else DRAWN)
        best = left.best(candidates) if len(candidates) > 1 else 0
        if len(found) <= MOST_CHOSEN:
            left.take(candidates[best])
        found.append(candidates[best])
        seen.add(candidates[best].tobytes())
    return np.array(found, dtype=bool).reshape(-1, players)


def _sizes(players: int, pairs: int, *, complete: int) -> Iterator[int]:
    """The size of each further pair: the middle, then the smallest count of the others, in turn."""
    middle = players // 2
    free = {size: pairs_of(players, size) for size in range(complete + 1, middle + 1)}
    taken = dict.fromkeys(free, 0)
    for turn in range(pairs):
        others = [size for size in free if size < middle]
        size = middle if middle in free and (turn % MIDDLE == 0 or not others) else 0
        size = size or min(others, key=lambda each: (taken[each], -each))
        taken[size] += 1
        if taken[size] == free[size]:
            del free[size]
        yield size


def _candidates(players: int, size: int, seen: set[bytes], draw: np.random.Generator, most: int) -> BoolArray:
    """Coalitions (candidates, players) of one size that are not in yet: all of them where they are few, else drawn."""
    halved = 2 * size == players  # of two halves the one with the first player stands for both
    while True:
        if pairs_of(players, size) <= 4 * DRAWN:
            sets = [each for each in combinations(range(players), size) if not halved or each[0] == 0]
            rows = np.zeros((len(sets), players), dtype=bool)
            np.put_along_axis(rows, np.array(sets), True, axis=1)
        else:
            rows = np.argsort(draw.random((most, players)), axis=1) < size
            rows = np.where(rows[:, :1] | (not halved), rows, ~rows)
        fresh = [row for row in rows if row.tobytes() not in seen]
        if fresh:
            return np.array(fresh)


class _Left:
    """The variance that the pairs taken so far leave open, as a Cholesky factor that grows by a row for each."""

    def __init__(self, keep: BoolArray, most: int) -> None:
        players = keep.shape[1]
        self.strength = np.full(players, STRENGTH * sqrt(AT_PLAYERS / max(players, AT_PLAYERS)))
        self.signs = np.zeros((most, players))
        self.factor = np.zeros((most, most))
        self.told = np.zeros((most, players))  # whitened covariance with the Shapley values
        self.count = 0
        for row in keep:
            self.take(row)

    def best(self, candidates: BoolArray) -> int:
        """The number of the candidate (candidates, players) that tells most."""
        _, variance, cross = self._seen(np.where(candidates, 1.0, -1.0))
        return int(np.argmax((cross**2).sum(axis=0) / variance))

    def take(self, row: BoolArray) -> None:
        signs = np.where(row, 1.0, -1.0)[None]
        solved, variance, cross = self._seen(signs)
        at, deviation = self.count, sqrt(variance[0])
        self.factor[at, :at], self.factor[at, at] = solved[:, 0], deviation
        self.told[at], self.signs[at] = cross[:, 0] / deviation, signs[0]
        self.count += 1

    def _seen(self, signs: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Covariance of candidates with the pairs taken, whitened (taken, candidates), variance left (candidates,) and
        covariance left with the Shapley values (players, candidates)."""
        from scipy.linalg import solve_triangular

        at = self.count
        common = covariance(self.signs[:at], signs, self.strength, SINGLES)
        factor = self.factor[:at, :at]
        solved = solve_triangular(factor, common, lower=True, check_finite=False) if at else common
        whole = covariance(signs[:1], signs[:1], self.strength, SINGLES)[0, 0]  # the same for every coalition
        variance = np.maximum(whole - (solved**2).sum(axis=0), LEAST_LEFT * whole)
        cross = cross_covariance(signs, self.strength, SINGLES) - self.told[:at].T @ solved
        return solved, variance, cross
