"""Words for what a check names by code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..web.words import N_

OUTCOMES = {"passed": N_("passed"), "failed": N_("failed"), "undecided": N_("undecided")}
KINDS = {
    "golden": N_("Golden text"),
    "behaviour": N_("Behaviour"),
    "words": N_("Words"),
    "accuracy": N_("Accuracy"),
    "calibration": N_("Calibration"),
    "gap": N_("Gap"),
    "agreement": N_("Agreement"),
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    """Filters of templates: `check.outcome|outcome`, `check.kind|check_kind`."""
    return {
        "outcome": lambda name: translate(OUTCOMES[name]) if name in OUTCOMES else name,
        "check_kind": lambda name: translate(KINDS[name]) if name in KINDS else name,
    }
