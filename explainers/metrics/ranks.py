"""Orders of scores: rank correlation and the strongest players."""

from __future__ import annotations

import numpy as np

from ..contract import Attribution, FloatArray

UNSIGNED_UNITS = frozenset({"share", "relevance"})


def is_signed(attribution: Attribution) -> bool:
    """False where scores are sizes without direction: shares of attention and relevance."""
    return attribution.unit not in UNSIGNED_UNITS


def scores_of(attribution: Attribution) -> FloatArray | None:
    """Scores (players,) for the predicted class; None for a method without scores or a text without players."""
    if attribution.scores is None or not attribution.features:
        return None
    row: FloatArray = attribution.scores[attribution.row()]
    return row


def strongest_first(scores: FloatArray) -> tuple[int, ...]:
    """Players in falling order of score; among equals the earlier one first, so that orders repeat."""
    return tuple(int(player) for player in np.argsort(-scores, kind="stable"))


def kendall_tau(first: FloatArray, second: FloatArray) -> float | None:
    """Kendall's τ-b (Kendall 1945), which corrects for ties.

    (concordant − discordant) / sqrt(pairs untied in first · pairs untied in second); None where either is constant.
    """
    upper = np.triu_indices(len(first), k=1)
    signs_first = np.sign(first[:, None] - first[None, :])[upper]
    signs_second = np.sign(second[:, None] - second[None, :])[upper]
    untied = float(np.count_nonzero(signs_first)) * float(np.count_nonzero(signs_second))
    return float((signs_first * signs_second).sum() / np.sqrt(untied)) if untied else None
