"""How far scores look at the words that people marked as their reasons. ERASER's measures (DeYoung et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..contract import BoolArray, FloatArray
from .ranks import strongest_first

Spans = Iterable[tuple[int, int]]  # (start, end), the end not included


def plausibility_of(scores: FloatArray, rationale: BoolArray) -> dict[str, float | None]:
    """auprc, token_f1 and iou_f1 of scores (players,) against the players that people marked, `rationale` (players,).

    The scores choose as many players as people did. All None where nobody marked anything.
    """
    if not rationale.any():
        return dict.fromkeys(("auprc", "token_f1", "iou_f1"))
    chosen = np.zeros(len(scores), dtype=bool)
    chosen[list(strongest_first(scores)[: int(rationale.sum())])] = True
    return {
        "auprc": auprc(scores, rationale),
        "token_f1": token_f1(chosen, rationale),
        "iou_f1": iou_f1(runs(chosen), runs(rationale)),
    }


def auprc(scores: FloatArray, rationale: BoolArray) -> float | None:
    """Area below the curve of precision over recall as the threshold falls, by the trapezoid rule from (0, 1).

    Players of equal score pass the threshold together. None without a marked player.
    """
    total = int(rationale.sum())
    if not total:
        return None
    area, last_recall, last_precision = 0.0, 0.0, 1.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        over = scores >= threshold
        hits = int((over & rationale).sum())
        recall, precision = hits / total, hits / int(over.sum())
        area += (recall - last_recall) * (precision + last_precision) / 2
        last_recall, last_precision = recall, precision
    return area


def token_f1(chosen: BoolArray, rationale: BoolArray) -> float:
    """2PR / (P + R) over players; 0 where they have none in common."""
    both = int((chosen & rationale).sum())
    return 2 * both / (int(chosen.sum()) + int(rationale.sum())) if both else 0.0


def iou_f1(chosen: Spans, rationale: Spans, *, threshold: float = 0.5) -> float:
    """F1 over spans: a chosen span counts as found where intersection over union with a marked one is >= threshold."""
    found, wanted = list(chosen), list(rationale)
    hits = sum(any(overlap(one, other) >= threshold for other in wanted) for one in found)
    if not hits:
        return 0.0
    precision, recall = hits / len(found), min(hits / len(wanted), 1.0)
    return 2 * precision * recall / (precision + recall)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Intersection over union of two spans."""
    shared = max(0, min(one[1], other[1]) - max(one[0], other[0]))
    return shared / (one[1] - one[0] + other[1] - other[0] - shared)


def runs(marked: Sequence[bool] | BoolArray) -> list[tuple[int, int]]:
    """The longest stretches of marked players, as (start, end)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(marked, dtype=int), [0]])))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
