"""How many coalitions a sampled explanation asks for: as many as its stated error needs, at most its budget.

Between batches the Shapley values of what is known are estimated; where their stated relative error is small enough for
the accuracy that was asked, no more is asked. How many more are worth asking follows from the error alone, never from
the clock: equal questions stop at the same coalition. Measured: docs/decisions/0017.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from ..contract import MOST_EXACT, Accuracy, Case, FloatArray, Wanted
from .sampling import DEFAULT_BUDGET, EXACT_PLAYERS, Design, design_for
from .shapley import estimate
from .windowed import estimated_by_window, players_at_once

# Error that is aimed at, over the size of the scores, both as norms. normal: what the badge sound allows.
TARGETS: dict[Accuracy, float] = {"draft": 0.20, "normal": 0.10, "exact": 0.02}
MARGIN = 1.35  # a stated error this far below the target: the true one is a norm over a few players and scatters
MOST_ROWS: dict[Accuracy, int] = {"draft": DEFAULT_BUDGET, "normal": DEFAULT_BUDGET, "exact": 8 * DEFAULT_BUDGET}
FEWEST_EXACT = 6  # players: 64 coalitions are as many as sampling begins with
# Rows of the first batch, at least so many a player and again so many a player that is read at once, and what all are
# multiples of.
FIRST, A_PLAYER, STEP = 64, 2, 16
LEAST_GROWTH, MOST_GROWTH = 1.15, 2.0
ROUNDED_ROWS = 8  # asked in fp32 too, where what bf16 rounds may count
ROUNDING_COUNTS = 0.03  # relative error below which it may
# Of a pair's rounding, in all scores together: alike in many rows, it does not average out.
ROUNDING_SCALE = 1.5


@dataclass(frozen=True, slots=True)
class Sampled:
    """scores, errors: (targets, players), estimated from the coalitions of `design`."""

    design: Design
    scores: FloatArray
    errors: FloatArray


def most_exact(case: Case) -> int:
    """Players up to which all coalitions are evaluated, unless a method says otherwise.

    More of a text in windows: each is asked once for each set of its own players.
    """
    usual = EXACT_PLAYERS if case.inputs.windows else FEWEST_EXACT
    return min(MOST_EXACT if case.accuracy == "exact" else usual, case.most_exact)


def budget_of(case: Case) -> int:
    """Coalitions at most, the whole and the empty one among them."""
    return case.budget or MOST_ROWS[case.accuracy]


def full_design(case: Case) -> Design:
    """All that the question may spend. What was asked for by `sampled` is the beginning of it."""
    return design_for(case.table.players, budget_of(case), case.seed, most_exact(case))


def sampled(case: Case) -> Sampled:
    """The coalitions at which this question stops, with the Shapley values that they tell; the same for every method
    that reads them."""
    for wanted in rounds(case):
        case.table.logits(wanted.keep, precision=wanted.precision)
    found: Sampled = case.table.samples[_key(case)]
    return found


def _key(case: Case) -> tuple[object, ...]:
    return (case.value, case.targets, case.accuracy, case.budget, case.seed)


def relative_error(case: Case, scores: FloatArray, errors: FloatArray) -> float | None:
    """The stated error of the main target over the size of its scores; None where these are all 0."""
    row = case.targets.index(case.prediction.main.index)
    size = float(np.linalg.norm(scores[row]))
    return float(np.linalg.norm(errors[row])) / size if size else None


def aimed_at(case: Case) -> float:
    """The error at which sampling should stop. Of a text in windows twice what is usual: a row costs as much as thirty
    rows of a sentence, and the badge *rough* still allows half as much again."""
    return TARGETS["draft" if case.inputs.windows and case.accuracy == "normal" else case.accuracy]


def rounds(case: Case) -> Iterator[Wanted]:
    """The coalitions that `sampled` has to know, in parts: each follows from what was said of the parts before."""
    if _key(case) in case.table.samples:
        return
    players, most = case.table.players, budget_of(case)
    enough = aimed_at(case) / MARGIN
    rows = min(most, max(FIRST, -(-A_PLAYER * (players + players_at_once(case)) // STEP) * STEP))
    rounding: FloatArray | None = None
    limit = most
    while True:
        design = design_for(players, most, case.seed, exact_players=0, rows=rows)
        yield Wanted(design.keep)
        scores, errors = estimated(case, design)
        error = relative_error(case, scores, errors)
        if case.table.precision == "bf16" and error is not None and error < ROUNDING_COUNTS:
            if rounding is None:
                rounding = yield from _rounding(case, design)
            may_ask_again = not case.precision_given and (case.budget is None or 2 * rows <= case.budget)
            if may_ask_again and _larger_part(case, rounding, errors):
                case.table.precision, limit = "fp32", most if case.budget is None else most - rows
                continue
            errors = np.sqrt(errors**2 + rounding[:, None] ** 2)
            error = relative_error(case, scores, errors)
        if error is None or error <= enough or rows >= limit or design.complete:
            case.table.samples[_key(case)] = Sampled(design, scores, errors)
            return
        growth = min(max(error / enough, LEAST_GROWTH), MOST_GROWTH)
        rows = min(limit, -(-int(rows * growth) // STEP) * STEP)


def estimated(case: Case, design: Design) -> tuple[FloatArray, FloatArray]:
    """Scores and standard errors, both (targets, players), from the coalitions of a design."""
    table = case.table
    values = case.values(table.logits(design.keep))
    pairs = len(design.keep) // 2
    ends = case.values(table.whole) - case.values(table.empty)
    found = estimated_by_window(case, design)
    if found is None:
        keep = np.concatenate([design.keep[:pairs], np.ones((1, table.players), dtype=bool)])
        odd = np.concatenate([values[:pairs] - values[pairs:], ends]) / 2
        found = estimate(keep, odd, pause=lambda: case.progress(1.0, "estimate"))
    scores, errors = found
    # The process interpolates the whole input up to its jitter; the rest goes to the players in proportion to doubt.
    gap = ends[0] - scores.sum(axis=0)
    doubt = errors**2 + np.finfo(float).tiny
    return (scores + doubt / doubt.sum(axis=0) * gap).T, errors.T


def _larger_part(case: Case, rounding: FloatArray, errors: FloatArray) -> bool:
    """Whether bf16 adds more to the error of the main target than sampling does: its rows are then asked in fp32."""
    row = case.targets.index(case.prediction.main.index)
    return bool(rounding[row] ** 2 * case.table.players > (errors[row] ** 2).sum())


def _rounding(case: Case, design: Design) -> Generator[Wanted, None, FloatArray]:
    """Standard error (targets,) that bf16 adds to every player: from rows that are asked in fp32, too."""
    tried = Wanted(design.keep[:ROUNDED_ROWS], "fp32")
    half = case.values(case.table.logits(tried.keep))
    yield tried
    whole = case.values(case.table.logits(tried.keep, precision=tried.precision))
    of_pairs = np.sqrt(((whole - half) ** 2).mean(axis=0) / 2)
    found: FloatArray = ROUNDING_SCALE * of_pairs / np.sqrt(case.table.players)
    return found
