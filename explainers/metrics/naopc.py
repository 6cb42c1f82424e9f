"""Normalised AOPC: where an order stands between the worst and the best order there is for this model and text.

AOPC here is the mean over k = 1 … n of the fall of the probability when the k first players are masked
(comprehensiveness) or alone are kept (sufficiency), so that every order is compared on the same n masked texts.
Edin et al. 2025, arXiv:2408.08137. Up to ten players the limits are exact, from the complete coalition table.
"""

from __future__ import annotations

import numpy as np

from ..contract import Attribution, BoolArray, Case, FloatArray, Need
from ..game.sampling import EXACT_PLAYERS
from ..game.shapley import all_coalitions
from .ranks import scores_of, strongest_first

BEAM = 5


def naopc_of(attribution: Attribution, case: Case, *, beam: int = BEAM) -> dict[str, float | None]:
    """naopc_comprehensiveness and naopc_sufficiency in [0, 1]; None for a regression and where all orders are equal.

    Empty where there are no scores or no masking. Beyond ten players the limits are those that a beam search finds,
    so a value may lie a little outside.
    """
    scores = scores_of(attribution)
    if scores is None or Need.OUTPUTS not in case.model.offers:
        return {}
    names = ("naopc_comprehensiveness", "naopc_sufficiency")
    if not case.output.has_probabilities:
        return dict.fromkeys(names)
    order = strongest_first(scores)
    found: dict[str, float | None] = {}
    for name, kept in zip(names, (False, True), strict=True):
        exact = case.table.players <= EXACT_PLAYERS
        lowest, highest = exact_limits(case, kept=kept) if exact else beam_limits(case, kept=kept, beam=beam)
        own = float(_falls(case, _prefixes(order), kept=kept).mean())
        found[name] = (own - lowest) / (highest - lowest) if highest - lowest > 1e-9 else None
    return found


def exact_limits(case: Case, *, kept: bool) -> tuple[float, float]:
    """The lowest and the highest mean fall over all orders, by the best way through the subsets of each size."""
    players = case.table.players
    sets = all_coalitions(players)
    falls = _falls(case, sets, kept=kept)
    limits = []
    for sign in (1.0, -1.0):
        best = np.full(len(sets), -np.inf)
        best[0] = 0.0
        for size in range(1, players + 1):
            numbers = np.flatnonzero(sets.sum(axis=1) == size)
            before = numbers[:, None] ^ (1 << np.arange(players))[None]  # without one player, where it was in
            ways = np.where(sets[numbers], best[before], -np.inf)
            best[numbers] = ways.max(axis=1) + sign * falls[numbers]
        limits.append(sign * float(best[-1]) / players)
    return limits[1], limits[0]


def beam_limits(case: Case, *, kept: bool, beam: int = BEAM) -> tuple[float, float]:
    """The limits that a beam search finds: at each size the `beam` best sums of falls are extended."""
    players = case.table.players
    limits = []
    for sign in (1.0, -1.0):
        rows, sums = np.zeros((1, players), dtype=bool), np.zeros(1)
        for _ in range(players):
            at, added = np.nonzero(~rows)
            wider = rows[at].copy()
            wider[np.arange(len(wider)), added] = True
            totals = sums[at] + sign * _falls(case, wider, kept=kept)
            best = np.argsort(-totals, kind="stable")
            _, first = np.unique(wider[best], axis=0, return_index=True)  # each set by its best way
            chosen = best[np.sort(first)[:beam]]
            rows, sums = wider[chosen], totals[chosen]
        limits.append(sign * float(sums.max()) / players)
    return limits[1], limits[0]


def _prefixes(order: tuple[int, ...]) -> BoolArray:
    """(players, players): the first 1, 2 … of an order."""
    sets = np.zeros((len(order), len(order)), dtype=bool)
    for size in range(1, len(order) + 1):
        sets[size - 1, list(order[:size])] = True
    return sets


def _falls(case: Case, sets: BoolArray, *, kept: bool) -> FloatArray:
    """p(x) − p(the sets alone, or without them), (rows,)."""
    target = case.prediction.main.index
    logits = case.table.logits(sets if kept else ~sets)
    falls: FloatArray = case.output.probability(case.table.whole, target)[0] - case.output.probability(logits, target)
    return falls
