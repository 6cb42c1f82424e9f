from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..contract import Attribution, Case, Explainer, FloatArray, Need, Promise
from ..game.sampling import EXACT_PLAYERS
from ..game.shapley import all_coalitions
from .sides import of_two_sides

MOST_PLAYERS = 12  # 4,096 evaluations


class Interactions(Explainer):
    """Shapley interactions of pairs (k-SII, order 2): what two players do to the output only together.

    Positive: together they raise the class more than one by one; negative: they say the same, or one takes the
    other's effect back. All coalitions are evaluated, so every number is exact; of two texts that an encoder
    compares each may have ten players, and beyond they are estimated with standard errors. `interactions` holds the
    pairs, and on its diagonal what a player does alone; diagonal and pairs, each pair once, add up to
    v(x) − v(baseline). Scores are the Shapley values: the diagonal and half of each of the player's pairs.
    """

    name: ClassVar = "interactions"
    title: ClassVar = "Shapley interactions"
    reference: ClassVar = "Grabisch & Roubens 1999; Bordt & von Luxburg 2023, arXiv:2209.04012 (k-SII)"
    needs: ClassVar = frozenset({Need.OUTPUTS})
    promises: ClassVar = frozenset({Promise.COMPLETE, Promise.DUMMY, Promise.LINEAR})
    players_limit: ClassVar = MOST_PLAYERS

    def most_players(self, case: Case) -> int | None:
        """Two texts that an encoder compares may have any number of words: beyond ten a text they are sampled."""
        return super().most_players(case) if case.inputs.sides is None else None

    def explain(self, case: Case) -> Attribution:
        if case.inputs.sides is not None:
            return of_two_sides(self, case, exact_players=EXACT_PLAYERS)
        table = case.table
        values = case.values(table.logits(all_coalitions(table.players), precision="fp32"))  # (2^n, targets)
        singles, pairs = shapley_interactions(values, table.players)
        matrix = pairs.copy()
        ranks = np.arange(table.players)
        matrix[:, ranks, ranks] = singles - pairs.sum(axis=2) / 2
        return case.result(
            self,
            scores=singles,
            interactions=matrix,
            baseline_output=case.values(table.empty)[0],
            checks={"exact": 1.0},
        )


def shapley_interactions(values: FloatArray, players: int) -> tuple[FloatArray, FloatArray]:
    """Shapley values (targets, players) and interaction indices of pairs (targets, players, players), diagonal zero.

    values: (2^n, targets) of all coalitions in binary order. I(S) = Σ over T ⊇ S of m(T) / (|T| − |S| + 1), with m
    the Möbius transform of the game (Grabisch 1997).
    """
    moebius = values.astype(np.float64)
    for player in range(players):
        halves = moebius.reshape(-1, 2, 2**player, moebius.shape[1])
        halves[:, 1] -= halves[:, 0]
    keep = all_coalitions(players).astype(float)
    sizes = keep.sum(axis=1)
    singles = keep.T @ (moebius / np.maximum(sizes, 1)[:, None])  # (players, targets)
    shared = moebius / np.maximum(sizes - 1, 1)[:, None]
    pairs = np.stack([keep.T @ (keep * column[:, None]) for column in shared.T])
    ranks = np.arange(players)
    pairs[:, ranks, ranks] = 0
    return singles.T, pairs
