"""How well one explanation finds what was planted: the area under the precision-recall curve (AUPRC)."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np

from ..contract import Attribution, FloatArray


def average_precision(scores: FloatArray, planted: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    """Σ (R_k − R_{k−1}) P_k over the thresholds of `scores`, highest first; equal scores are one threshold."""
    thresholds = np.unique(scores)[::-1]
    chosen = scores[None] >= thresholds[:, None]  # (thresholds, candidates)
    hits = (chosen & planted).sum(axis=1)
    recall = hits / planted.sum()
    return float((np.diff(recall, prepend=0.0) * hits / chosen.sum(axis=1)).sum())


def word_auprc(found: Attribution, planted: tuple[int, ...]) -> float | None:
    """Candidates are the players, by their score for the predicted class. None for a method that ranks no players."""
    strengths = player_strengths(found)
    return None if strengths is None else average_precision(strengths, _marked(len(strengths), planted))


def pair_auprc(found: Attribution, planted: tuple[int, ...]) -> float | None:
    """Candidates are all pairs of players, one of them the planted one; 1 over its rank, by the method's relations
    between players where it has them, else by the weaker of the pair's two scores."""
    strengths = pair_strengths(found)
    if strengths is None:
        return None
    pairs = list(combinations(range(len(strengths)), 2))
    ranked = np.array([strengths[pair] for pair in pairs])
    return average_precision(ranked, np.array([pair == planted for pair in pairs]))


def player_strengths(found: Attribution) -> FloatArray | None:
    """(players,) scores for the predicted class; for raw attention its mean share in the row that the model reads."""
    if found.scores is not None:
        scores: FloatArray = found.scores[found.row()]
        return scores
    flow = token_relations(found)
    return None if flow is None else _by_player(flow[0], found)


def pair_strengths(found: Attribution) -> FloatArray | None:
    """(players, players), symmetric."""
    if (joint := player_relations(found)) is not None:
        return joint
    if (flow := token_relations(found)) is not None:
        received = _by_player(_by_player(flow, found).T, found)
        return received + received.T
    strengths = player_strengths(found)
    return None if strengths is None else np.minimum.outer(strengths, strengths)


def player_relations(found: Attribution) -> FloatArray | None:
    """Interactions of pairs (players, players) for the predicted class, where the method gives them."""
    joint = getattr(found, "interactions", None)
    if joint is None:
        return None
    chosen: FloatArray = np.asarray(joint, dtype=np.float64)[found.row()]
    return chosen


def token_relations(found: Attribution) -> FloatArray | None:
    """Attention (tokens, tokens), the mean over layers and heads; rows look, the first is what the classifier reads."""
    if found.relations is None or np.ndim(found.relations) != 4:
        return None
    mean: FloatArray = np.asarray(found.relations, dtype=np.float64).mean(axis=(0, 1))
    return mean


def _by_player(flow: FloatArray, found: Attribution) -> FloatArray:
    """(…, tokens) → (…, players)."""
    owner = np.array([-1 if token.player is None else token.player for token in found.tokens])
    return np.stack([flow[..., owner == player].sum(axis=-1) for player in range(len(found.features))], axis=-1)


def _marked(count: int, planted: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    marked = np.zeros(count, dtype=bool)
    marked[list(planted)] = True
    return marked
