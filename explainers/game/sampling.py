"""Which coalitions a sampled explanation asks for.

Coalitions come in pairs, each with its complement: effects of an even number of players cancel within a pair and
Shapley values do not depend on them (Covert & Lee 2021, arXiv:2012.01536). Sizes near none and near all are
enumerated completely as far as the budget goes, the others drawn without replacement, the same number a size.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np

from ..contract import BoolArray, FloatArray

DEFAULT_BUDGET = 512
EXACT_PLAYERS = 10  # 1,024 coalitions: fewer than LIME draws for an approximation


@dataclass(frozen=True, slots=True)
class Design:
    """Coalitions without the whole and the empty one.

    keep: (rows, players); row i + rows/2 is the complement of row i.
    inclusion: (rows,) the probability with which the design holds the coalition, 1 for enumerated sizes.
    """

    keep: BoolArray
    inclusion: FloatArray

    @property
    def complete(self) -> bool:
        """All coalitions are in it: nothing is left to chance."""
        return bool(len(self.keep) == 2 ** self.keep.shape[1] - 2)


@lru_cache(maxsize=64)
def design_for(players: int, budget: int | None, seed: int, exact_players: int = EXACT_PLAYERS) -> Design:
    """All coalitions up to `exact_players` players, else as many pairs as the budget holds beside whole and empty.

    Size 1 comes first and completely, with the leave-one-out coalitions as its complements: those are in every table
    already.
    """
    pairs = 2 ** (players - 1) - 1
    if players > exact_players:
        pairs = min(pairs, ((budget or DEFAULT_BUDGET) - 2) // 2)
    allocation = _allocation(players, pairs)
    rng = np.random.default_rng((seed, players))
    halves = [np.zeros((0, players), dtype=bool)]
    inclusion = [np.zeros(0)]
    for size, count in allocation.items():
        halves.append(_coalitions(players, size, count, rng))
        inclusion.append(np.full(count, count / _pairs_of(players, size)))
    keep = np.concatenate(halves)
    return Design(np.concatenate([keep, ~keep]), np.tile(np.concatenate(inclusion), 2))


def _pairs_of(players: int, size: int) -> int:
    """Pairs {S, complement} with |S| = size <= players/2."""
    return comb(players, size) // 2 if 2 * size == players else comb(players, size)


def _allocation(players: int, pairs: int) -> dict[int, int]:
    """Pairs a size: size 1 completely where that takes at most half of the pairs, of the others an equal share each.

    What a size cannot use goes to the others, remainders to the smaller sizes.
    """
    left, rest, allocation = pairs, list(range(1, players // 2 + 1)), {}
    if rest and 2 * _pairs_of(players, 1) <= pairs:
        allocation[rest.pop(0)] = _pairs_of(players, 1)
        left -= allocation[1]
    while rest and (full := [s for s in rest if _pairs_of(players, s) * len(rest) <= left]):
        size = full[0]
        allocation[size] = _pairs_of(players, size)
        left -= allocation[size]
        rest.remove(size)
    for position, size in enumerate(rest):
        allocation[size] = left // len(rest) + (position < left % len(rest))
    return dict(sorted(allocation.items()))


def _coalitions(players: int, size: int, count: int, rng: np.random.Generator) -> BoolArray:
    """`count` different coalitions of one size (count, players), no two of them complements; all where count is all.

    Drawn as blocks of random orders, so that every player is kept nearly equally often.
    """
    if count == _pairs_of(players, size):
        chosen = [c for c in combinations(range(players), size) if 2 * size < players or c[0] == 0]
    else:
        seen: dict[tuple[int, ...], None] = {}
        while len(seen) < count:
            order = rng.permutation(players)
            for start in range(0, players - size + 1, size):
                block = tuple(sorted(order[start : start + size].tolist()))
                if 2 * size == players and block[0] != 0:
                    block = tuple(sorted(set(range(players)) - set(block)))
                if len(seen) < count:
                    seen.setdefault(block)
        chosen = list(seen)
    keep = np.zeros((len(chosen), players), dtype=bool)
    if chosen:
        np.put_along_axis(keep, np.array(chosen), True, axis=1)
    return keep


def lime_rows(players: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Rows by LIME's law: the number of removed players uniform over 1 … players, then which ones."""
    removed = rng.integers(1, players + 1, count)
    return rng.permuted(np.arange(players)[None] >= removed[:, None], axis=1)


def lime_law(keep: BoolArray) -> FloatArray:
    """P(S) = 1/(n · C(n, r)) for r >= 1 removed players; 0 for the whole."""
    players = keep.shape[1]
    law = np.array([0.0] + [1 / (players * comb(players, r)) for r in range(1, players + 1)])
    found: FloatArray = law[players - keep.sum(axis=1)]
    return found
