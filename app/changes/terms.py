"""Words for what a comparison names by code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..web.words import N_
from .schemas import SaidOut

CALLS = {
    "changed": N_("reasons changed"),
    "within": N_("reasons within the noise of seeds"),
    "undecided": N_("reasons undecided"),
    "unmeasured": N_("no yardstick"),
}


def filters(translate: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    """Filters of templates: `job.result.call|change_call`, `sentence|said`."""

    def said(sentence: SaidOut) -> str:
        return translate(sentence.text) % sentence.values

    def p_value(p: float) -> str:
        return "< 0.001" if p < 0.001 else f"= {p:.3f}"

    return {
        "p_value": p_value,
        "change_call": lambda call: translate(CALLS[call]) if call in CALLS else call,
        "said": said,
    }
