"""Effects of swapped identities on the scores of your own texts (audit measure 2.5), for the content of a report."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.plan import Plan, Swaps
from ..data.values import Bools, Figure, Reason
from ..evidence.stored import Stored
from ..family.gaps import Measured
from ..measures.counterfactuals import (
    Flips,
    Pairs,
    effect_matrix,
    flips,
    share_moved,
    spread_per_text,
    token_fairness_gap,
)
from ..statistics.multiplicity import q_values


def swaps_of(measured: Measured, stored: Stored, plan: Plan) -> dict[str, Any] | None:
    """Figures of all swapped pairs, and apart of texts inside and outside the class; None where nothing was swapped."""
    if not isinstance(plan.data, Swaps):
        return None
    pairs = _pairs(measured, stored, plan)
    strata: dict[str, dict[str, Any] | None] = {"all": _stratum(pairs, plan), "harmless": None, "of_class": None}
    if stored.labels is not None and stored.negatives is not None:
        strata["harmless"] = _stratum(pairs.keep(stored.negatives[pairs.texts]), plan)
        strata["of_class"] = _stratum(pairs.keep(stored.labels[pairs.texts]), plan)
    return strata


def _pairs(measured: Measured, stored: Stored, plan: Plan) -> Pairs:
    """The pairs of measured texts; several pairs of one text are a cluster."""
    looked = set(measured.at.tolist())
    asked = set(plan.groups)
    kept = [
        each
        for each in stored.pairs
        if each.row in looked
        and (not asked or {each.before, each.after} <= asked)
        and {each.before, each.after} not in plan.apart
    ]
    names = sorted({name for each in kept for name in (each.before, each.after)})
    number = {name: k for k, name in enumerate(names)}
    row = np.array([each.row for each in kept], dtype=np.int64)
    other = np.array([each.other for each in kept], dtype=np.int64)
    return Pairs(
        before=stored.scores[row],
        after=stored.scores[other],
        source=np.array([number[each.before] for each in kept], dtype=np.int64),
        target=np.array([number[each.after] for each in kept], dtype=np.int64),
        texts=row,
        names=tuple(names),
        threshold=measured.rows.threshold,
        clusters=row if len(np.unique(row)) < len(row) else None,
    )


def _stratum(pairs: Pairs, plan: Plan) -> dict[str, Any]:
    effects = effect_matrix(pairs)
    used = sorted({*pairs.source.tolist(), *pairs.target.tolist()})
    cells = [
        _cell(pairs.keep(there), pairs.names[g], pairs.names[h], plan)
        for g in used
        for h in used
        if (there := (pairs.source == g) & (pairs.target == h)).any()
    ]
    for cell, q in zip(cells, q_values([cell["p"] for cell in cells], plan.correction), strict=True):
        cell["q"] = q
    enough = effects.n >= plan.minimum
    spread = spread_per_text(pairs)
    return {
        "pairs": len(pairs),
        "texts": len(np.unique(pairs.texts)),
        **_changes(pairs),
        "token_fairness_gap": token_fairness_gap(pairs),
        "mean_spread": float(spread.mean()) if len(spread) else None,
        "matrix": {
            "identities": [pairs.names[g] for g in used],
            "change": [[float(effects.mean[g, h]) if enough[g, h] else None for h in used] for g in used],
            "n": [[int(effects.n[g, h]) for h in used] for g in used],
        },
        "cells": cells,
    }


def _cell(pairs: Pairs, before: str, after: str, plan: Plan) -> dict[str, Any]:
    """One ordered pair of groups: every text is there once, so that pairs stand alone."""
    alone = Pairs(
        pairs.before, pairs.after, pairs.source, pairs.target, pairs.texts, pairs.names, pairs.threshold
    )  # fmt: skip
    found: dict[str, Any] = {"before": before, "after": after, "n": len(pairs), "reason": None}
    if len(pairs) < plan.minimum:
        return found | _nothing(len(pairs))
    return found | _changes(alone)


def _changes(pairs: Pairs) -> dict[str, Any]:
    """change: mean of p(twin) − p(text); size: mean of its size; moved: share beyond .05; flips at the threshold."""
    if not len(pairs):
        return _nothing(0)
    turned: Flips = flips(pairs)
    was, now = pairs.before >= pairs.threshold, pairs.after >= pairs.threshold
    return {
        "change": float(pairs.change.mean()),
        "size": float(np.abs(pairs.change).mean()),
        "moved": share_moved(pairs),
        "flips": turned.rate,
        "gained": _count(~was & now),
        "lost": _count(was & ~now),
        "p": turned.p,
        "test": turned.test,
        "reason": None,
    }


def _nothing(n: int) -> dict[str, Any]:
    reason = Reason.TOO_FEW if n else Reason.NO_ROWS
    none = Figure(None, n, reason=reason)
    return {
        "change": None, "size": None, "moved": none, "flips": none, "gained": None, "lost": None,
        "p": None, "test": None, "reason": reason,
    }  # fmt: skip


def _count(events: Bools) -> int:
    return int(events.sum())
