"""How far methods agree with each other on one input, for the predicted class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..contract import Agreement, Attribution, FloatArray
from .ranks import is_signed, kendall_tau, scores_of, strongest_first

TOP = 5


def agreement_of(attributions: Sequence[Attribution]) -> Agreement | None:
    """Three matrices (methods, methods) over the methods with scores; None when fewer than two have them.

    NaN (null in JSON) where a measure does not exist: τ of constant scores, signs of a method without sign.
    """
    scored = [(found, scores) for found in attributions if (scores := scores_of(found)) is not None]
    if len(scored) < 2:
        return None

    def matrix(measure: Callable[[FloatArray, FloatArray, bool], float | None]) -> FloatArray:
        cells = np.full((len(scored), len(scored)), np.nan)
        for row, (first, first_scores) in enumerate(scored):
            for column, (second, second_scores) in enumerate(scored[: row + 1]):
                found = measure(first_scores, second_scores, is_signed(first) and is_signed(second))
                cells[row, column] = cells[column, row] = np.nan if found is None else found
        return cells

    return Agreement(
        methods=tuple(found.method.name for found, _ in scored),
        kendall_tau=matrix(order_agreement),
        top5_overlap=matrix(top_overlap),
        sign_agreement=matrix(sign_agreement),
    )


def likeness(first: FloatArray, second: FloatArray) -> tuple[float | None, float, float | None]:
    """Kendall's τ-b, overlap of the top five and agreement of signs of two rows of signed scores (players,)."""
    return order_agreement(first, second, True), top_overlap(first, second), sign_agreement(first, second, True)


def order_agreement(first: FloatArray, second: FloatArray, signed: bool) -> float | None:
    """Kendall's τ-b of the scores, of their sizes where one of the two methods has no sign."""
    return kendall_tau(first, second) if signed else kendall_tau(np.abs(first), np.abs(second))


def top_overlap(first: FloatArray, second: FloatArray, signed: bool = True) -> float:
    """The share of the five players of largest size (all, where there are fewer) that both have in common."""
    ours, theirs = _top(first), _top(second)
    return len(ours & theirs) / min(TOP, len(first))


def sign_agreement(first: FloatArray, second: FloatArray, signed: bool) -> float | None:
    """The share of the players in the top five of either that both score with the same sign (zero is a sign)."""
    if not signed:
        return None
    players = sorted(_top(first) | _top(second))
    return float(np.mean(np.sign(first[players]) == np.sign(second[players])))


def _top(scores: FloatArray) -> set[int]:
    return set(strongest_first(np.abs(scores))[:TOP])
