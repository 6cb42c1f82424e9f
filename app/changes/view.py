"""A comparison as its page draws it: τ and its yardstick on one scale, and the stages of the model's making."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from ..engine.schemas import ModelOut
from ..web.words import N_
from .schemas import AgreementOut, EstimateOut, LikenessOut

STEPS = {
    "heads": N_("Heads switched off"),
    "neurons": N_("Neurons removed"),
    "layers": N_("Layers removed"),
    "weights": N_("Weights set to zero"),
    "distil": N_("Distilled"),
    "bits": N_("Fewer bits"),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A number and its interval, in percent of the scale's width."""

    name: str
    found: LikenessOut
    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scale:
    """The scale of τ: its left end, and the marks on it. Its right end is 1."""

    least: float
    marks: Sequence[Mark]


@dataclass(frozen=True, slots=True)
class Stage:
    title: str
    told: str


def scale_of(agreement: AgreementOut) -> Scale | None:
    """None where τ is not there."""
    rows = [(N_("Before and after"), agreement.measured)]
    if agreement.twins is not None:
        rows.append((N_("Seed twins"), agreement.twins))
    known = [(name, found) for name, found in rows if found.tau.value is not None]
    if not known:
        return None
    lowest = min(_ends(found.tau)[0] for _, found in known)
    least = min(0.9, max(-1.0, floor(lowest * 10) / 10))

    def placed(value: float) -> float:
        return round(100 * (value - least) / (1 - least), 2)

    marks = []
    for name, found in known:
        low, high = _ends(found.tau)
        assert found.tau.value is not None
        marks.append(Mark(name, found, placed(found.tau.value), placed(low), placed(high)))
    return Scale(least, marks)


def stages_of(model: ModelOut | None) -> tuple[Stage, ...]:
    """The steps from the parent to the model, as its card lists them; none where nothing is known."""
    card = (model.card if model else None) or {}
    return tuple(Stage(STEPS.get(step["do"], step["do"]), step.get("told", "")) for step in card.get("steps", ()))


def _ends(found: EstimateOut) -> tuple[float, float]:
    assert found.value is not None
    return (found.value if found.low is None else found.low, found.value if found.high is None else found.high)
