"""How a functional test came out, case by case and group by group, for the content of a report (audit measure 2.6)."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..data.plan import Plan
from ..evidence.stored import Stored
from ..family.gaps import Measured
from ..measures.functional import Case, accuracies, headline


def functional_of(measured: Measured, stored: Stored, plan: Plan) -> dict[str, Any] | None:
    """Accuracy of every functionality, alone and by target, and the share of harmless sentences naming a group that are
    called the class; None where the data is no functional test."""
    if stored.functions is None or stored.labels is None or stored.clusters is None:
        return None
    groups = stored.membership
    targets = [groups.names[int(np.argmax(row))] if row.any() else "" for row in groups.inside]
    cases = [
        Case("", stored.functions[row], bool(stored.labels[row]), targets[row], stored.clusters[row])
        for row in measured.at.tolist()
    ]
    return {
        "accuracy": accuracies(cases, measured.rows, minimum=plan.minimum),
        "harmless": [
            {"target": target, "figure": figure}
            for target, figure in headline(cases, measured.rows, minimum=plan.minimum).items()
        ],
    }
