"""Measures without a threshold: areas under ROC curves within and across groups (Borkan et al. 2019, arXiv:1903.04561).

With g a group and B its background: AUC of g over g; BPSN over g's negatives and B's positives; BNSP over B's negatives
and g's positives; the average equality gaps compare g with B among negatives, and among positives.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.groups import Membership
from ..data.values import Bools, Floats, Ints, Rows
from .metrics import RANKINGS, labels, negatives

POWER = -5.0  # Kaggle's Jigsaw challenge and HateXplain
WEIGHT = 0.25


def auc(negatives: Floats, positives: Floats) -> float:
    """P(positive > negative) + ½ P(equal) over all pairs; NaN where either side is empty."""
    if not len(negatives) or not len(positives):
        return float("nan")
    ordered = np.sort(negatives)
    below = np.searchsorted(ordered, positives, side="left").astype(np.float64)
    upto = np.searchsorted(ordered, positives, side="right")
    return float((below + upto).sum() / 2 / len(negatives) / len(positives))


def pair_counts(negatives: Ints, positives: Ints, ranks: int) -> Floats:
    """(k,): Σ over pairs of [positive > negative] + ½[equal], for k sets at once.

    negatives (k, n0) and positives (k, n1) hold dense ranks below `ranks`; equal scores have equal ranks.
    """
    sets = np.arange(len(negatives))[:, None]
    ordered = np.sort(negatives, axis=1) + sets * ranks
    flat, sought = ordered.ravel(), (positives + sets * ranks).ravel()
    twice = np.searchsorted(flat, sought, side="left") + np.searchsorted(flat, sought, side="right")
    found: Floats = (twice.reshape(positives.shape) / 2 - sets * negatives.shape[1]).sum(axis=1)
    return found


def subgroup_aucs(rows: Rows, inside: Bools) -> Floats:
    """(groups,): the area within each group; the column may as well be a background or all rows."""
    scores, positive, negative = rows.scores, labels(rows), negatives(rows)
    return np.array([auc(scores[member & negative], scores[member & positive]) for member in inside.T])


def bias_aucs(rows: Rows, membership: Membership) -> dict[str, Floats]:
    """The five measures by name, (groups,) each; NaN where one of the two sides of a comparison is empty."""
    scores, positive, negative = rows.scores, labels(rows), negatives(rows)
    found: dict[str, list[float]] = {name: [] for name in RANKINGS}
    for member, outside in zip(membership.inside.T, membership.background.T, strict=True):
        own = scores[member & negative], scores[member & positive]
        other = scores[outside & negative], scores[outside & positive]
        found["auc"].append(auc(*own))
        found["bpsn_auc"].append(auc(own[0], other[1]))
        found["bnsp_auc"].append(auc(other[0], own[1]))
        found["negative_aeg"].append(auc(other[0], own[0]) - 0.5)  # > 0: g's negatives are scored higher
        found["positive_aeg"].append(auc(other[1], own[1]) - 0.5)
    return {name: np.array(values) for name, values in found.items()}


def power_mean(values: Sequence[float] | Floats, power: float = POWER) -> float | None:
    """(mean of m^p)^(1/p): with p = −5 the worst groups weigh most. 0 where a value is 0; None without values."""
    array = np.asarray(values, dtype=np.float64)
    defined = array[~np.isnan(array)]
    if not len(defined):
        return None
    if power < 0 and (defined == 0).any():
        return 0.0
    return float(np.mean(defined**power) ** (1 / power))


def jigsaw_score(rows: Rows, membership: Membership) -> float | None:
    """¼ AUC + ¼ (power means of the subgroup, BPSN and BNSP areas): the score of Kaggle's Jigsaw challenge."""
    whole = float(subgroup_aucs(rows, np.ones((len(rows), 1), dtype=bool))[0])
    areas = bias_aucs(rows, membership)
    means = [power_mean(areas[name]) for name in ("auc", "bpsn_auc", "bnsp_auc")]
    if np.isnan(whole) or any(mean is None for mean in means):
        return None
    return WEIGHT * whole + WEIGHT * sum(mean for mean in means if mean is not None)
