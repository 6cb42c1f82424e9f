"""Shapley values and interactions of two sides whose vectors' inner product is the output, such as compared texts."""

from __future__ import annotations

import numpy as np

from ..contract import Attribution, Case, Emptied, Explainer, FloatArray, Notice
from ..errors import BadInput
from ..game.product import Coalitions, ProductValues, Side, coalitions_of, least_budget, product_values
from ..game.sampling import EXACT_PLAYERS

SIDE_BUDGET = 2**EXACT_PLAYERS  # rows of a side that is sampled, where the question names no budget


def of_two_sides(method: Explainer, case: Case, *, exact_players: int) -> Attribution:
    """Scores, and `interactions` with what a player does alone on the diagonal.

    Exact where both sides have at most `exact_players` players, from 2^n + 2^m rows. A larger side is sampled: the
    budget is the rows of one side. Raises BadInput for a budget that does not reach every size of a set.
    """
    first, second = (_side(case, number, exact_players=exact_players) for number in (0, 1))
    found = product_values(first, second, pause=lambda: case.progress(1.0, "estimate"))
    matrix = found.pairs.copy()
    np.fill_diagonal(matrix, found.scores - found.pairs.sum(axis=1) / 2)
    emptied = _emptied(first, second)
    return case.result(
        method,
        scores=found.scores[None],
        standard_errors=None if found.score_errors is None else found.score_errors[None],
        interactions=matrix[None],
        interaction_errors=_matrix_errors(found),
        baseline_output=np.array([emptied.both]),
        emptied=emptied,
        warnings=_warnings(emptied, float(first.whole @ second.whole)),
        forward_passes=len(first.vectors) + len(second.vectors),
        checks=_checks(found),
    )


def _side(case: Case, number: int, *, exact_players: int) -> Side:
    sides = case.inputs.sides
    assert sides is not None
    sets = _sets(case, sides[number], number, exact_players=min(exact_players, case.most_exact))
    return Side(sets, case.model.factors(case.inputs, number, sets.keep))


def _sets(case: Case, players: int, number: int, *, exact_players: int) -> Coalitions:
    budget = case.budget or max(SIDE_BUDGET, least_budget(players))
    if players > exact_players and budget < least_budget(players):
        raise BadInput(
            f"budget {budget} is too small for the {players} players of the {('first', 'second')[number]} text: "
            f"give {least_budget(players)} or more, or choose coarser players"
        )
    return coalitions_of(players, budget=budget, seed=case.seed + number, exact_players=exact_players)


def _emptied(first: Side, second: Side) -> Emptied:
    without_first, without_second = first.empty, second.empty
    return Emptied(
        first=float(without_first @ second.whole),
        second=float(first.whole @ without_second),
        both=float(without_first @ without_second),
    )


def _warnings(emptied: Emptied, whole: float) -> tuple[Notice, ...]:
    """Where less is more: the scores then say how words lead away from what two empty texts have in common."""
    if emptied.both <= whole:
        return ()
    return (
        Notice(
            code="empty_is_nearer",
            text=f"Without any of these words the texts are more similar ({emptied.both:.3f}) than with them "
            f"({whole:.3f}): an encoder gives a text without words a direction as well. Scores count from there. "
            "Explain one text while the other stays whole to see what brings it near.",
            values={"empty": emptied.both, "whole": whole},
        ),
    )


def _matrix_errors(found: ProductValues) -> FloatArray | None:
    """(1, players, players): of the pairs; on the diagonal of the score, from which it is taken."""
    if found.pair_errors is None or found.score_errors is None:
        return None
    errors = found.pair_errors.copy()
    np.fill_diagonal(errors, found.score_errors)
    return errors[None]


def _checks(found: ProductValues) -> dict[str, float | None]:
    size = float(np.linalg.norm(found.scores))
    spread = 0.0 if found.score_errors is None else float(np.linalg.norm(found.score_errors))
    return {"exact": float(found.score_errors is None), "relative_error": spread / size if size else None}
