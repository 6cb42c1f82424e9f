"""Does the model do what an explanation says? Comprehensiveness, sufficiency, leave-one-out, removals.

ERASER's measures (DeYoung et al. 2020) in probability of the predicted class, with one difference: players are
masked in place where ERASER deletes them, so the text keeps its length. Everything is read from the coalition table.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from ..contract import Attribution, BoolArray, Case, FloatArray, Need, Removal
from ..game.sampling import EXACT_PLAYERS
from ..game.stopping import full_design, most_exact
from .ranks import is_signed, kendall_tau, scores_of, strongest_first

SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)  # ERASER's bins
RATIONALE = 0.20  # the bin that is reported by itself
RANDOM_SETS = 8  # a bin; enough to tell a method from chance, and shared by all methods of a panel
TOP = (1, 3, 5)  # players removed together, up to ten players
_PROBABILITY_MEASURES = (
    "comprehensiveness",
    "sufficiency",
    "aopc_comprehensiveness",
    "aopc_sufficiency",
    "aopc_random",
)


def faithfulness_of(attribution: Attribution, case: Case) -> dict[str, float | None]:
    """The measures of one attribution for the predicted class, named as in `metrics.MEASURES`.

    Empty where there is nothing to measure: no scores, or a model whose players cannot be masked. The probability
    measures are None for a regression, leave_one_out_tau is None where all players have equal scores or effects.
    """
    scores = scores_of(attribution)
    if scores is None or Need.OUTPUTS not in case.model.offers:
        return {}
    if not case.output.has_probabilities:
        return {**dict.fromkeys(_PROBABILITY_MEASURES), "leave_one_out_tau": _leave_one_out_tau(attribution, case)}
    own = _own_rows(scores)
    falls = _falls(np.concatenate([own, random_rows(case)]), case)  # one question, so that the batches are full
    without, only = falls[: len(SHARES)], falls[len(SHARES) : len(own)]
    return {
        "comprehensiveness": float(without[SHARES.index(RATIONALE)]),
        "sufficiency": float(only[SHARES.index(RATIONALE)]),
        "aopc_comprehensiveness": float(without.mean()),
        "aopc_sufficiency": float(only.mean()),
        "aopc_random": float(falls[len(own) :].reshape(len(SHARES), -1).mean()),
        "leave_one_out_tau": _leave_one_out_tau(attribution, case),
    }


def measured_rows(attributions: Sequence[Attribution], case: Case) -> BoolArray:
    """Every coalition that `faithfulness_of` reads of these attributions, (rows, players)."""
    known = [scores for found in attributions if (scores := scores_of(found)) is not None]
    if not known or not case.output.has_probabilities or Need.OUTPUTS not in case.model.offers:
        return np.zeros((0, len(case.inputs.features)), dtype=bool)
    return np.concatenate([*(_own_rows(scores) for scores in known), random_rows(case)])


def random_rows(case: Case) -> BoolArray:
    """Coalitions (bins · RANDOM_SETS, players) without random players, as many as the rationale of each bin has.

    They are the first that the Shapley values of this budget and seed ask for: beside them most cost nothing, wherever
    those stop. Where a size has fewer they are repeated; where it has none, one is drawn.
    """
    players = len(case.inputs.features)
    design = full_design(case).keep
    absent = players - design.sum(axis=1)
    draw = np.random.default_rng((case.seed, 2))
    rows = []
    for size in rationale_sizes(players):
        there = design[absent == size]
        if not len(there):
            there = (draw.permutation(players) >= size)[None]
        rows.append(there[np.resize(np.arange(len(there)), RANDOM_SETS)])
    return np.concatenate(rows)


def _own_rows(scores: FloatArray) -> BoolArray:
    """(2 · bins, players): without the strongest players of each bin, then these alone."""
    order = strongest_first(scores)
    return np.concatenate([removed([order], len(scores)), kept([order], len(scores))])


def _falls(keep: BoolArray, case: Case) -> FloatArray:
    """The fall of the probability of the predicted class with each coalition, (rows,)."""
    target, logits = case.prediction.main.index, case.table.logits(keep)
    falls: FloatArray = case.output.probability(case.table.whole, target)[0] - case.output.probability(logits, target)
    return falls


def rationale_sizes(players: int) -> tuple[int, ...]:
    """Players in the rationale at each share: k = max(1, ceil(share · players)), one size a bin."""
    # Rounded first: .05 · 20 is 1 player, not the 2 that the ceiling of 1.0000000000000002 would give.
    return tuple(max(1, ceil(round(share * players, 9))) for share in SHARES)


def removed(orders: Sequence[Sequence[int]], players: int) -> BoolArray:
    """Coalitions (orders · bins, players) without the first k players of each order."""
    return ~kept(orders, players)


def kept(orders: Sequence[Sequence[int]], players: int) -> BoolArray:
    """Coalitions (orders · bins, players) of the first k players of each order."""
    rows = np.zeros((len(orders), len(SHARES), players), dtype=bool)
    for position, order in enumerate(orders):
        for column, size in enumerate(rationale_sizes(players)):
            rows[position, column, list(order[:size])] = True
    return rows.reshape(-1, players)


def removals_of(attributions: Sequence[Attribution], case: Case) -> tuple[Removal, ...]:
    """The prediction after each method's top players were masked together, as many as `removal_sizes` says.

    Top means the highest scores for the predicted class: the players that, so the method says, hold it up.
    """
    if Need.OUTPUTS not in case.model.offers:
        return ()
    asked = _removed_players(attributions, case)
    logits = case.table.logits(_without(asked, case), precision="fp32")  # shown as predictions
    return tuple(
        Removal(
            method=method,
            players=players,
            probability=probability_of(row, case),
            predicted=case.output.predicted(row),
        )
        for (method, players), row in zip(asked, logits, strict=True)
    )


def removal_sizes(players: int, exact: int = EXACT_PLAYERS) -> tuple[int, ...]:
    """1, 3 and 5 where every row is known; beyond, 1 and the rationales at 10 and 20 %, which are measured anyway.

    So a method adds two rows for each of the four larger bins and no more: the panel's eight at most 64 up to 100
    players.
    """
    if players <= exact:
        return tuple(size for size in TOP if size <= players)
    rationale = dict(zip(SHARES, rationale_sizes(players), strict=True))
    return tuple(dict.fromkeys((1, rationale[0.10], rationale[0.20])))


def removal_rows(attributions: Sequence[Attribution], case: Case) -> BoolArray:
    """Every coalition that `removals_of` reads, (rows, players)."""
    return _without(_removed_players(attributions, case), case)


def _removed_players(attributions: Sequence[Attribution], case: Case) -> list[tuple[str, tuple[int, ...]]]:
    exact = most_exact(case)
    return [
        (found.method.name, strongest_first(scores)[:size])
        for found in attributions
        if (scores := scores_of(found)) is not None
        for size in removal_sizes(len(scores), exact)
    ]


def _without(asked: Sequence[tuple[str, tuple[int, ...]]], case: Case) -> BoolArray:
    keep = np.ones((len(asked), len(case.inputs.features)), dtype=bool)
    for row, (_, players) in enumerate(asked):
        keep[row, list(players)] = False
    return keep


def probability_of(logits: FloatArray, case: Case) -> float | None:
    """The probability of the class that was predicted for the whole text; None for a regression."""
    if not case.output.has_probabilities:
        return None
    return float(case.output.probability(logits[None], case.prediction.main.index)[0])


def _leave_one_out_tau(attribution: Attribution, case: Case) -> float | None:
    """Kendall's τ-b of the scores with v(x) − v(x without i); a method without sign is compared with its size."""
    scores = scores_of(attribution)
    assert scores is not None
    targets = [case.prediction.main.index]
    logits = np.concatenate([case.table.whole, case.table.leave_one_out()])
    values = case.output.value(logits, case.value, targets)[:, 0]
    effects = values[0] - values[1:]
    return kendall_tau(scores, effects if is_signed(attribution) else np.abs(effects))
