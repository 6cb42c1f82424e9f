"""Templates: what one identity instead of another does to the score of the same sentence (audit 2.5 and 2.6)."""

from __future__ import annotations

from typing import Any

import numpy as np

from .gaps import Measured
from .plan import Plan, Templates
from .statistics.exact import mcnemar
from .stored import Stored
from .templates import identity_effects
from .values import Floats

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
    differences = np.abs(table[:, :, None] - table[:, None, :])
    others = len(names) * (len(names) - 1)
    return {
        "frames": len(table),
        "effects": effects,
        "matrix": {
            "identities": [names[i] for i in shown],
            "change": [[float((table[:, h] - table[:, g]).mean()) for h in shown] for g in shown],
            "gained": [[int((selected[:, h] & ~selected[:, g]).sum()) for h in shown] for g in shown],
            "p": [
                [
                    mcnemar(
                        int((selected[:, h] & ~selected[:, g]).sum()), int((selected[:, g] & ~selected[:, h]).sum())
                    )
                    for h in shown
                ]
                for g in shown
            ],
        },
        "token_fairness_gap": float(differences.sum() / (len(table) * others)) if others else None,
        "noticeable": float((differences > NOTICEABLE).sum() / (len(table) * others)) if others else None,
        "mean_spread": float(found.spread.mean()),
        "flips": int((selected[:, :, None] != selected[:, None, :]).sum() // 2),
        "pairs": len(table) * others // 2,
    }
