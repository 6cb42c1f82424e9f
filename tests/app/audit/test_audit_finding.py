"""The default story is real: the embedded toxicity model on the embedded templates, counted a second time by hand."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

from app.audit.data.plan import Explanations
from app.audit.data.samples import FOLDER as SAMPLES
from app.audit.evidence.oracle import LocalOracle
from app.audit.report.content import content_of
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.audit.service import demo
from explainers.library import load_model
from tests.app.audit.planted import silent


def lines(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counted(model: Any) -> dict[str, int]:
    """Harmless frames in which naming the identity makes the sentence toxic; one frame, one vote."""
    tokenizer, module = model._encoder.tokenizer, model._network.module
    frames = [row["frame"] for row in lines("frames.en.csv") if row["toxicity"] == "nontoxic"]
    found = {}
    for row in lines("identities.en.csv"):
        texts = [frame.replace("{identity}", row["identity"]) for frame in frames]
        with torch.inference_mode():
            said = module(**tokenizer(texts, padding=True, return_tensors="pt")).logits
        found[row["identity"]] = int((said[:, 1] >= said[:, 0]).sum())
    return found


@pytest.fixture(scope="module")
def model() -> Any:
    return load_model("toxicity")


def test_the_audit_names_the_worst_group_of_an_independent_count(model: Any) -> None:
    """The same group leads, it is a finding, and every group's count is the same."""
    plan = demo().model_copy(update={"explain": Explanations(gaps=0, each=0)})
    declared, stored = run(plan, material_of(plan, folder=Path()), LocalOracle(model), silent)
    found = content_of(declared, stored, {})
    counts = counted(model)
    rates = {
        test["group"]: round(test["value"] * test["n"])
        for test in found["tests"]
        if test["metric"] == "false_positive_rate" and test["group"] is not None
    }

    assert rates == counts
    assert found["verdict"]["kind"] == "finding"
    assert found["tests"][found["verdict"]["headline"]]["group"] == max(counts, key=lambda name: counts[name])
