"""Whether a report says what its tables say, and whether the model still says what the tables say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadRequest
from ..data.material import Material
from ..data.plan import Plan
from ..evidence import stored
from ..evidence.oracle import ModelFacts, Oracle
from ..report.content import SCHEMA, Declared, content_of, digest
from ..report.report import TABLES
from .run import SHARD, predict

TOLERANCE = 1e-4  # of a probability that is predicted again, perhaps on another processor
COMPUTED = ("rows", "positives", "negatives", "unlabelled", "ungrouped", "twins", "not_comparable", "clusters",
            "design")  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """rows: how many were computed again; largest: the largest change of a probability that was predicted again."""

    sha256: str
    rows: int
    largest: float | None = None


def load(path: Path) -> dict[str, Any]:
    """Raises BadRequest for a file that is no report."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        assert {"content", "sha256"} <= report.keys()
    except (OSError, ValueError, AssertionError, AttributeError) as error:
        raise BadRequest(f"{path} is no report: {error or 'it has no content'}", cure="Name a report.json.") from None
    return dict(report)


def verify(path: Path) -> Checked:
    """Computes the content again from the tables. Raises BadRequest that says what differs."""
    report = load(path)
    content = report["content"]
    if digest(content) != report["sha256"]:
        raise BadRequest("the content was changed: its SHA-256 is not the one in the report")
    if content.get("schema") != SCHEMA:
        raise BadRequest(
            f"the report has the schema {content.get('schema')!r}, this version of Whence computes {SCHEMA!r}",
            cure="Verify it with the version that made it: content.code.whence names it.",
        )
    found = stored.read(path.parent / TABLES, content["tables"])
    again = content_of(declared_of(content), found, content["tables"]) | {"code": content["code"]}
    if different := differences(content, again):
        raise BadRequest(f"the report does not say what its tables say: {', '.join(different[:5])}")
    return Checked(report["sha256"], len(found))


def rerun(path: Path, material: Material, oracle: Oracle) -> Checked:
    """After `verify`: predicts every row again. Raises BadRequest for another model, other texts, other scores."""
    checked = verify(path)
    content = load(path)["content"]
    if oracle.facts.digest != content["model"]["digest"]:
        raise BadRequest(f"the model has the digest {oracle.facts.digest}, the report {content['model']['digest']}")
    if material.source["sha256"] != content["data"]["sha256"]:
        raise BadRequest("the texts are not those of the report: their SHA-256 differs")
    found = stored.read(path.parent / TABLES, content["tables"])
    largest = 0.0
    for shard in range(-(-len(found) // SHARD)):
        again = predict(oracle, material, shard, target=content["model"]["target"])
        largest = max(largest, float(np.abs(again - found.scores[SHARD * shard :][: len(again)]).max()))
    if largest > TOLERANCE:
        raise BadRequest(f"predicted again, a probability differs by {largest:.2g}; at most {TOLERANCE:g} is allowed")
    return Checked(checked.sha256, checked.rows, largest)


def declared_of(content: Mapping[str, Any]) -> Declared:
    """The declaration, read back from a report."""
    plan = {name: value for name, value in content["plan"].items() if name != "sha256"}
    model = content["model"]
    card = {"intended_use": model["intended_use"], "limits": model["limits"]}
    facts = ModelFacts(model["id"], model["title"], model["digest"], tuple(model["labels"]), model["head"], card)
    source = {name: value for name, value in content["data"].items() if name not in COMPUTED}
    return Declared(Plan.model_validate(plan), facts, model["target"], source)


def differences(one: Any, other: Any, place: str = "content") -> list[str]:
    """The places at which two contents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        return [
            found
            for name in sorted({*one, *other})
            for found in differences(one.get(name), other.get(name), f"{place}.{name}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            found
            for number, (a, b) in enumerate(zip(one, other, strict=True))
            for found in differences(a, b, f"{place}[{number}]")
        ]
    return [] if one == other else [place]
