"""The strongest claims of all methods, each tried on the model itself by leaving out the one player it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from ..contract import Attribution, Case, Claim, FloatArray, Need
from .faithfulness import probability_of
from .ranks import is_signed, scores_of

Says = Literal["raises", "lowers", "matters"]
Verdict = Literal["holds", "fails", "hardly"]

MOVED = 0.1  # a smaller change of the log-odds does not settle a claim
ENOUGH_OF_THE_WAY = 0.02  # the same for a regression: of the way from the baseline's output to the text's
WORTH_CLAIMING = 0.05  # of the largest score: below it a method says nothing about a player


def claims_of(attributions: Sequence[Attribution], case: Case) -> tuple[Claim, ...]:
    """For the predicted class: the player that raises it most and the one that lowers it most, of each method.

    Equal claims are merged; those of most methods come first, then those with the largest measured effect. `before`
    and `after` are probabilities. `fall` is what the log-odds of the class (of a regression all three are of its first
    output) lose without the player: methods claim in log-odds, and the probability of a sure prediction hardly
    shows what they lose. Reads the leave-one-out rows of the table.
    """
    if Need.OUTPUTS not in case.model.offers:
        return ()
    sayers: dict[tuple[int, Says], list[str]] = {}
    for found in attributions:
        for player, says in strongest_claims(found):
            sayers.setdefault((player, says), []).append(found.method.name)
    if not sayers:
        return ()
    without = case.table.leave_one_out()
    scale = _moved(case)
    claims = [
        _tried(player, says, tuple(methods), without[player], case, scale) for (player, says), methods in sayers.items()
    ]
    return tuple(sorted(claims, key=lambda claim: (-len(claim.methods), -abs(claim.fall), claim.player)))


def changes_of(case: Case) -> tuple[FloatArray, float]:
    """Falls of the predicted class's log-odds (of a regression's first output) without each player, (players,), and the
    smallest change that counts. Reads the leave-one-out rows of the table."""
    whole = _value(case.table.whole[0], case)
    falls = np.array([whole - _value(row, case) for row in case.table.leave_one_out()])
    return falls, _moved(case)


def strongest_claims(attribution: Attribution) -> Iterator[tuple[int, Says]]:
    """(player, what is said of it): at most one that raises and one that lowers; of a method without sign, one."""
    scores = scores_of(attribution)
    if scores is None or not scores.any():
        return
    if not is_signed(attribution):
        yield int(np.argmax(scores)), "matters"
        return
    least = WORTH_CLAIMING * float(np.abs(scores).max())
    if scores.max() >= least:
        yield int(np.argmax(scores)), "raises"
    if scores.min() <= -least:
        yield int(np.argmin(scores)), "lowers"


def verdict_of(says: Says, fall: float, moved: float = MOVED) -> Verdict:
    """`fall` is what the log-odds lose when the player is left out; `moved` what counts as a change."""
    if abs(fall) < moved:
        return "hardly"
    return "holds" if says == "matters" or (fall > 0) == (says == "raises") else "fails"


def _tried(player: int, says: Says, methods: tuple[str, ...], without: FloatArray, case: Case, moved: float) -> Claim:
    fall = _value(case.table.whole[0], case) - _value(without, case)
    return Claim(
        player=player,
        says=says,
        methods=methods,
        before=_shown(case.table.whole[0], case),
        after=_shown(without, case),
        fall=fall,
        predicted=case.output.predicted(without),
        verdict=verdict_of(says, fall, moved),
    )


def _shown(logits: FloatArray, case: Case) -> float:
    probability = probability_of(logits, case)
    return float(logits[case.prediction.main.index]) if probability is None else probability


def _value(logits: FloatArray, case: Case) -> float:
    """Log-odds of the predicted class, of a regression the output, of logits (labels,)."""
    return float(case.output.value(logits[None], case.output.values[0], [case.prediction.main.index])[0, 0])


def _moved(case: Case) -> float:
    """For a regression a share of the way from the baseline's output to the text's."""
    if case.output.has_probabilities:
        return MOVED
    return max(ENOUGH_OF_THE_WAY * abs(_value(case.table.whole[0], case) - _value(case.table.empty[0], case)), 1e-9)
