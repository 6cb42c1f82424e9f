"""An audit whose answer is known: a linear model that holds one identity against a text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from app.audit.data.material import Material
from app.audit.data.plan import Explanations, Plan, Templates
from app.audit.evidence.oracle import LocalOracle
from app.audit.evidence.stored import Stored
from app.audit.report.content import Declared
from app.audit.run.run import run
from app.audit.run.sources import material_of
from explainers.testing import LinearModel

IDENTITIES = ("muslim", "buddhist", "old", "young", "canadian")
PLANTED, WEIGHT, HARM = "muslim", 4.0, 3.0
HARMFUL = ("kill", "murder", "hate", "destroy", "disgusting", "filthy", "nasty", "horrible", "stupid", "dumb", "vile")


def model(planted: str | None = PLANTED) -> LinearModel:
    """Log-odds 2·weight of class `yes`: harmful words raise it, and so does the planted identity."""
    weights = dict.fromkeys(HARMFUL, (-HARM, HARM)) | {"is": (1.0, -1.0), "a": (1.0, -1.0), "I": (1.0, -1.0)}
    if planted is not None:
        weights[planted] = (-WEIGHT, WEIGHT)
    return LinearModel(weights)


def plan(**changed: Any) -> Plan:
    asked: dict[str, Any] = {
        "model": "linear",
        "audited": "yes",
        "data": Templates(identities=IDENTITIES),
        "explain": Explanations(gaps=2, texts=20, each=4, second="leave-one-out"),
        "resamples": 200,
    }
    return Plan.model_validate(asked | changed)


def silent(done: float, note: str = "") -> None:
    """Nobody watches."""


@cache
def audited(planted: str | None = PLANTED) -> tuple[Declared, Stored, Material]:
    asked = plan()
    material = material_of(asked, folder=Path())
    declared, stored = run(asked, material, LocalOracle(model(planted)), silent)
    return declared, stored, material
