"""Which coalitions a sampled explanation asks for.

Coalitions come in pairs, each with its complement: effects of an even number of players cancel within a pair and
Shapley values do not depend on them (Covert & Lee 2021, arXiv:2012.01536). Which pairs of a size they are is decided by
chosen.py. Players are then relabelled by chance, so that within a size every coalition is equally likely to be held.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np

from ..contract import BoolArray, FloatArray
from .chosen import chosen_pairs, pairs_of
from .shapley import all_coalitions

DEFAULT_BUDGET = 512
EXACT_PLAYERS = 10  # 1,024 coalitions: what a text in windows and a side of two texts may have


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
def design_for(
    players: int, budget: int | None, seed: int, exact_players: int = EXACT_PLAYERS, rows: int | None = None
) -> Design:
    """All coalitions up to `exact_players` players, else as many pairs as the budget holds beside whole and empty.

    Size 1 comes first and completely where it takes at most half of the pairs, with the leave-one-out coalitions as its
    complements: those are in every table already. `rows` ends sooner: the first pairs of this budget.
    """
    pairs = 2 ** (players - 1) - 1
    if players > exact_players:
        pairs = min(pairs, ((budget or DEFAULT_BUDGET) - 2) // 2)
    singles = 2 * pairs_of(players, 1) <= pairs
    pairs = pairs if rows is None else min(pairs, (rows - 2) // 2)
    if pairs == 2 ** (players - 1) - 1:
        halves = all_coalitions(players)[1 : pairs + 1]
    else:
        order = np.random.default_rng((seed, players)).permutation(players)
        halves = chosen_pairs(players, pairs, singles=singles)[:, order]
    sizes = np.minimum(halves.sum(axis=1), players - halves.sum(axis=1))
    held = np.bincount(sizes, minlength=players // 2 + 1)
    inclusion = np.array([held[size] / pairs_of(players, int(size)) for size in sizes])
    return Design(np.concatenate([halves, ~halves]), np.tile(inclusion, 2))


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
