"""Does the model do what an explanation says? Comprehensiveness, sufficiency, leave-one-out, removals.

ERASER's measures (DeYoung et al. 2020) in probability of the predicted class, with one difference: players are
masked in place where ERASER deletes them, so the text keeps its length. Everything is read from the coalition table.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from ..base import Case, Need
from ..types import Attribution, BoolArray, FloatArray, Removal, Target
from ..values import probabilities, value_of
from .ranks import is_signed, kendall_tau, scores_of, strongest_first

SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)  # ERASER's bins
RATIONALE = 0.20  # the bin that is reported by itself
RANDOM_ORDERS = 8  # enough to tell a method from chance; shared by all methods of a panel
TOP = (1, 3, 5)
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
    if case.model.head == "regression":
        return {**dict.fromkeys(_PROBABILITY_MEASURES), "leave_one_out_tau": _leave_one_out_tau(attribution, case)}
    orders = [strongest_first(scores), *_random_orders(len(scores), case.seed)]
    without, only = removed(orders, len(scores)), kept(orders[:1], len(scores))
    logits = case.table.logits(np.concatenate([without, only]))  # one question, so that the batches are full
    target = case.prediction.predicted.index
    fall = (
        probabilities(case.table.whole, case.model.head)[0, target] - probabilities(logits, case.model.head)[:, target]
    )
    bins = fall.reshape(-1, len(SHARES))  # own order, random orders, then the rationale alone
    return {
        "comprehensiveness": float(bins[0, SHARES.index(RATIONALE)]),
        "sufficiency": float(bins[-1, SHARES.index(RATIONALE)]),
        "aopc_comprehensiveness": float(bins[0].mean()),
        "aopc_sufficiency": float(bins[-1].mean()),
        "aopc_random": float(bins[1:-1].mean()),
        "leave_one_out_tau": _leave_one_out_tau(attribution, case),
    }


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
    """The prediction after each method's top 1, 3 and 5 players were masked together.

    Top means the highest scores for the predicted class: the players that, so the method says, hold it up.
    """
    if Need.OUTPUTS not in case.model.offers:
        return ()
    asked = [
        (found.method.name, strongest_first(scores)[:size])
        for found in attributions
        if (scores := scores_of(found)) is not None
        for size in TOP
        if size <= len(scores)
    ]
    keep = np.ones((len(asked), len(case.inputs.features)), dtype=bool)
    for row, (_, players) in enumerate(asked):
        keep[row, list(players)] = False
    logits = case.table.logits(keep, precision="fp32")  # shown as predictions
    return tuple(
        Removal(
            method=method,
            players=players,
            probability=probability_of(row, case),
            predicted=predicted(row, case),
        )
        for (method, players), row in zip(asked, logits, strict=True)
    )


def probability_of(logits: FloatArray, case: Case) -> float | None:
    """The probability of the class that was predicted for the whole text; None for a regression."""
    if case.model.head == "regression":
        return None
    return float(probabilities(logits[None], case.model.head)[0, case.prediction.predicted.index])


def predicted(logits: FloatArray, case: Case) -> Target:
    """The class that the model says for these logits (labels,)."""
    top = int(np.argmax(logits))
    return Target(index=top, label=case.model.labels[top])


def _leave_one_out_tau(attribution: Attribution, case: Case) -> float | None:
    """Kendall's τ-b of the scores with v(x) − v(x without i); a method without sign is compared with its size."""
    scores = scores_of(attribution)
    assert scores is not None
    targets = [case.prediction.predicted.index]
    logits = np.concatenate([case.table.whole, case.table.leave_one_out()])
    values = value_of(logits, case.value, head=case.model.head, targets=targets)[:, 0]
    effects = values[0] - values[1:]
    return kendall_tau(scores, effects if is_signed(attribution) else np.abs(effects))


def _random_orders(players: int, seed: int) -> list[tuple[int, ...]]:
    generator = np.random.default_rng(seed)
    return [tuple(generator.permutation(players).tolist()) for _ in range(RANDOM_ORDERS)]
