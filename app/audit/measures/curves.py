"""Curves of the scores: ROC curves, and the sweep over thresholds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..data.groups import Membership
from ..data.values import THIN, Bools, Floats, Rows
from .measures import per_group
from .metrics import labelled, labels, metric

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))
MOST_POINTS = 200


def roc(rows: Rows, inside: Bools) -> list[list[float]] | None:
    """[false positive rate, true positive rate] points from 0 to 1; None where either class has fewer than 30 rows."""
    inside = inside & labelled(rows)
    truth, scores = labels(rows)[inside], rows.scores[inside]
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if min(positives, negatives) < THIN:
        return None
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # ties move together
    true = np.cumsum(truth[order])[last] / positives
    false = np.cumsum(~truth[order])[last] / negatives
    points = np.column_stack([np.append(0.0, false), np.append(0.0, true)])
    if len(points) > MOST_POINTS:
        points = points[np.unique(np.linspace(0, len(points) - 1, MOST_POINTS).round().astype(int))]
    return [[float(x), float(y)] for x, y in points]


def sweep(rows: Rows, membership: Membership, name: str) -> dict[str, Any]:
    """The measure over all texts and in every group at thresholds from .05 to .95, and the largest gap at each."""
    moved = [replace(rows, threshold=threshold) for threshold in GRID]
    everything = np.ones((len(rows), 1), dtype=bool)
    total = np.array([per_group(each, metric(name), everything)[0] for each in moved])
    array = np.array([per_group(each, metric(name), membership.inside) for each in moved])  # (thresholds, groups)
    return {
        "metric": name,
        "thresholds": list(GRID),
        "all": _plain(total),
        "groups": {group: _plain(array[:, g]) for g, group in enumerate(membership.names)},
        "spread": [_number(np.nanmax(row) - np.nanmin(row)) if np.isfinite(row).any() else None for row in array],
    }


def _plain(values: Floats) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
