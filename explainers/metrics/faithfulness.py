"""Does the model do what an explanation says? Comprehensiveness, sufficiency, leave-one-out, removals.

ERASER's measures (DeYoung et al. 2020) in probability of the predicted class, with one difference: players are
masked in place where ERASER deletes them, so the text keeps its length. Everything is read from the coalition table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, comb

import numpy as np

from ..contract import Attribution, BoolArray, Case, Faithfulness, FloatArray, Need, Removal
from ..game.stopping import FEWEST_EXACT, full_design, most_exact
from .against_random import Chance, faithfulness, mean_of
from .ranks import is_signed, kendall_tau, scores_of, strongest_first

SHARES = (0.01, 0.05, 0.10, 0.20, 0.50)  # ERASER's bins
RATIONALE = 0.20  # the bin that is reported by itself
RANDOM_SETS = 4  # of each size, shared by all methods of a panel; the interval says how far they tell
TOP = (1, 3, 5)  # players removed together, up to ten players
_PROBABILITY_MEASURES = (
    "comprehensiveness",
    "sufficiency",
    "aopc_comprehensiveness",
    "aopc_sufficiency",
    "aopc_random",
)


@dataclass(frozen=True, slots=True)
class Measured:
    """checks: the measures, named as in `metrics.MEASURES`. faithfulness: the same against random parts."""

    checks: dict[str, float | None]
    faithfulness: Faithfulness | None = None


def faithfulness_of(attribution: Attribution, case: Case) -> Measured:
    """The measures of one attribution for the predicted class.

    No checks where there is nothing to measure: no scores, or a model whose players cannot be masked. The probability
    measures are None for a regression, leave_one_out_tau is None where all players have equal scores or effects.
    """
    scores = scores_of(attribution)
    if scores is None or Need.OUTPUTS not in case.model.offers:
        return Measured({})
    tau = _leave_one_out_tau(attribution, case)
    if not case.output.has_probabilities:
        return Measured({**dict.fromkeys(_PROBABILITY_MEASURES), "leave_one_out_tau": tau})
    case.table.logits(measured_rows([attribution], case))  # in one question, so that the passes are full
    own = _falls(_own_rows(scores), case)
    without, only = own[: len(SHARES)], own[len(SHARES) :]
    random_without, random_only = _chances(case, kept=False), _chances(case, kept=True)
    checks: dict[str, float | None] = {
        "comprehensiveness": float(without[SHARES.index(RATIONALE)]),
        "sufficiency": float(only[SHARES.index(RATIONALE)]),
        "aopc_comprehensiveness": float(without.mean()),
        "aopc_sufficiency": float(only.mean()),
        "aopc_random": mean_of(random_without),
        "leave_one_out_tau": tau,
    }
    return Measured(checks, faithfulness(without, only, random_without, random_only))


def _chances(case: Case, *, kept: bool) -> list[Chance]:
    """The chance of each bin: falls by random sets of its size, kept alone or removed."""
    players = len(case.inputs.features)
    rows = _kept_alone(case) if kept else _removed(case)
    by_size = {size: Chance(_falls(each, case), comb(players, size)) for size, each in rows.items()}
    return [by_size[size] for size in rationale_sizes(players)]


def by_faithfulness(attributions: Sequence[Attribution]) -> tuple[str, ...]:
    """The methods that were measured against random parts, the most faithful first: by the sum of their two gains."""
    known = [(found.faithfulness, found.method.name) for found in attributions if found.faithfulness is not None]
    known.sort(key=lambda each: -(each[0].comprehensiveness.value + each[0].sufficiency.value))
    return tuple(name for _, name in known)


def measured_rows(attributions: Sequence[Attribution], case: Case) -> BoolArray:
    """Every coalition that `faithfulness_of` reads of these attributions, (rows, players)."""
    known = [scores for found in attributions if (scores := scores_of(found)) is not None]
    if not known or not case.output.has_probabilities or Need.OUTPUTS not in case.model.offers:
        return np.zeros((0, len(case.inputs.features)), dtype=bool)
    return np.concatenate([*(_own_rows(scores) for scores in known), random_rows(case)])


def random_rows(case: Case) -> BoolArray:
    """Every coalition that random parts are measured by, (rows, players): without them, then these alone."""
    return np.concatenate([*_removed(case).values(), *_kept_alone(case).values()])


def _removed(case: Case) -> dict[int, BoolArray]:
    """Coalitions without the random sets, by size. Each player is left out alone anyway: of size 1 there are all."""
    players = len(case.inputs.features)
    return {size: ~(np.eye(players, dtype=bool) if size == 1 else sets) for size, sets in _kept_alone(case).items()}


def _kept_alone(case: Case) -> dict[int, BoolArray]:
    """Sets (sets, players) of random players, by the sizes that the rationales of the bins have.

    They are the first that the Shapley values of this budget and seed ask for, kept alone and, as complements, removed:
    beside them most cost nothing, wherever those stop. Where a size has none, one is drawn; a few players have all.
    """
    players = len(case.inputs.features)
    design = full_design(case)
    most = len(design.keep) if design.complete and players <= FEWEST_EXACT else RANDOM_SETS
    sizes = design.keep.sum(axis=1)
    draw = np.random.default_rng((case.seed, 2))
    found = {}
    for size in sorted(set(rationale_sizes(players))):
        there = design.keep[sizes == size]
        found[size] = there[:most] if len(there) else (draw.permutation(players) < size)[None]
    return found


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


def removal_sizes(players: int, exact: int) -> tuple[int, ...]:
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
