"""Shapley values of a text that is read in windows: those of each window's own game, added up.

Where the value is linear in the logits, whose mean over windows is the output, the game is the mean of a game for each
window, and Shapley values of a mean are the mean of Shapley values. A window's game has fewer players, and what varies
in another window is no noise in it: the same rows tell more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..contract import BoolArray, Case, FloatArray, Ids
from .sampling import Design
from .shapley import estimate

LINEAR = 1e-6  # what the mean of the windows' values may differ from the value of the mean


@dataclass(frozen=True, slots=True)
class WindowGame:
    """The known rows of one window: pairs of complements among its own players, and the whole last.

    players: the numbers of its players. keep: (pairs, its players). odd: (pairs, targets).
    """

    players: Ids
    keep: BoolArray
    odd: FloatArray


def players_at_once(case: Case) -> int:
    """The most players that the model reads at once."""
    return max((case.inputs.players_in(window).size for window in case.inputs.windows), default=case.table.players)


def estimated_by_window(case: Case, design: Design) -> tuple[FloatArray, FloatArray] | None:
    """Scores and standard errors, both (players, targets); None where the game is not the mean of its windows'."""
    games = _games(case, design)
    if games is None:
        return None
    scores = np.zeros((case.table.players, len(case.targets)))
    variances = np.zeros_like(scores)
    for game in games:
        found, errors = _valued(game, case)
        scores[game.players] += found / len(case.inputs.windows)
        variances[game.players] += (errors / len(case.inputs.windows)) ** 2
    return scores, np.sqrt(variances)


def _valued(game: WindowGame, case: Case) -> tuple[FloatArray, FloatArray]:
    if len(game.players) == 1:
        return 2 * game.odd[-1:], np.zeros_like(game.odd[-1:])
    return estimate(game.keep, game.odd, pause=lambda: case.progress(1.0, "estimate"))


def _games(case: Case, design: Design) -> list[WindowGame] | None:
    table, inputs = case.table, case.inputs
    if not inputs.windows:
        return None
    anchors = table.anchors()  # that of a player elsewhere leaves a window whole
    keep = np.concatenate([design.keep, anchors])
    said = table.by_window(keep)
    if said is None or len(said) != len(inputs.windows):
        return None
    values = np.array([case.values(each) for each in said])  # (windows, rows, targets)
    whole = case.values(table.logits(design.keep))
    if not np.allclose(values[:, : len(whole)].mean(axis=0), whole, rtol=0, atol=LINEAR):
        return None
    found = []
    for window, each in zip(inputs.windows, values, strict=True):
        own = inputs.players_in(window)
        if not own.size:
            continue
        full = np.flatnonzero(keep[:, own].all(axis=1))
        empty = np.flatnonzero(~keep[:, own].any(axis=1))
        if not full.size or not empty.size:
            return None
        # The last row of each kind is an anchor, in fp32, where one is of that kind.
        found.append(_game(own, design.keep[:, own], each[: len(whole)], each[full[-1]] - each[empty[-1]]))
    return found


def _game(own: Ids, keep: BoolArray, values: FloatArray, ends: FloatArray) -> WindowGame:
    """keep: (rows, its players), complements in the second half. ends: (targets,), what the whole window tells."""
    pairs = len(keep) // 2
    held, odd = keep[:pairs], (values[:pairs] - values[pairs:]) / 2
    rows = list(_different(held))
    return WindowGame(
        own,
        np.concatenate([held[rows], np.ones((1, len(own)), dtype=bool)]),
        np.concatenate([odd[rows], ends[None] / 2]),
    )


def _different(keep: BoolArray) -> Iterator[int]:
    """The first row of each pair of complements, but for the empty and the whole."""
    seen: set[bytes] = set()
    for number, row in enumerate(keep):
        key = (row if row[0] else ~row).tobytes()
        if key not in seen and row.any() and not row.all():
            seen.add(key)
            yield number
