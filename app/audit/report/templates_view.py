"""Templates: what one identity instead of another does to the score of the same sentence (audit 2.5 and 2.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..data.plan import Plan, Templates
from ..data.values import Bools, Floats
from ..evidence.stored import Stored
from ..family.gaps import Measured
from ..measures.templates import identity_effects
from ..statistics.exact import mcnemar

SHOWN = 10  # identities of the matrix: those that raise the score most and those that raise it least
NOTICEABLE = 0.05


def effects_of(measured: Measured, stored: Stored, plan: Plan) -> dict[str, Any] | None:
    """For each label apart: identity effects with intervals, the matrix g → h, flips and spreads; None elsewhere."""
    if not isinstance(plan.data, Templates) or stored.labels is None or stored.clusters is None:
        return None
    names = list(stored.membership.names)
    table = stored.scores.reshape(-1, len(names))  # (frames, identities)
    truth = stored.labels.reshape(table.shape)[:, 0]
    frames = list(stored.clusters[:: len(names)])
    threshold = measured.rows.threshold
    return {
        "identities": names,
        "frames": frames,
        "toxic": truth.tolist(),
        "scores": table.round(4).tolist(),
        "harmless": _stratum(table[~truth], names, threshold, plan),
        "of_class": _stratum(table[truth], names, threshold, plan),
    }


def _stratum(table: Floats, names: list[str], threshold: float, plan: Plan) -> dict[str, Any]:
    frame, identity = (np.array(at).ravel() for at in np.indices(table.shape))
    found = identity_effects(table.ravel(), frame, identity, names, seed=plan.seed, resamples=plan.resamples)
    effects = [
        {"identity": name, "effect": float(effect), "interval": interval}
        for name, effect, interval in zip(names, found.effect, found.intervals, strict=True)
    ]
    order = np.argsort(-found.effect, kind="stable")
    half = SHOWN // 2
    shown = [int(i) for i in (order if len(order) <= SHOWN else [*order[:half], *order[-half:]])]
    selected = table >= threshold
    compared = _compared(names, plan)
    differences = np.abs(table[:, :, None] - table[:, None, :])[:, compared]  # (frames, ordered pairs)
    return {
        "frames": len(table),
        "effects": effects,
        "matrix": _matrix(table[:, shown], selected[:, shown], compared[np.ix_(shown, shown)])
        | {"identities": [names[i] for i in shown]},
        "token_fairness_gap": float(differences.mean()) if differences.size else None,
        "noticeable": float((differences > NOTICEABLE).mean()) if differences.size else None,
        "mean_spread": float(found.spread.mean()),
        "flips": int((selected[:, :, None] != selected[:, None, :])[:, compared].sum() // 2),
        "pairs": int(differences.size // 2),
    }


def _compared(names: list[str], plan: Plan) -> Bools:
    """(identities, identities): which one may stand for which."""
    return np.array([[g != h and {g, h} not in plan.apart for h in names] for g in names], dtype=bool)


def _matrix(table: Floats, selected: Bools, compared: Bools) -> dict[str, Any]:
    """Change, decisions gained and McNemar's p between the identities shown; None where a pair is not comparable."""
    ways = range(table.shape[1])

    def entries(entry: Callable[[int, int], float]) -> list[list[float | None]]:
        return [[entry(g, h) if compared[g, h] or g == h else None for h in ways] for g in ways]

    def gained(g: int, h: int) -> int:
        return int((selected[:, h] & ~selected[:, g]).sum())

    return {
        "change": entries(lambda g, h: float((table[:, h] - table[:, g]).mean())),
        "gained": entries(gained),
        "p": entries(lambda g, h: mcnemar(gained(g, h), gained(h, g))),
    }
