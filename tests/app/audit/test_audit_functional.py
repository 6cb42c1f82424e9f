"""An audit of a functional test: how each functionality came out, in the content, the report and its tables."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from app.audit import report, verification
from app.audit.oracle import LocalOracle
from app.audit.plan import Functional
from app.audit.run import run
from app.audit.sources import material_of
from app.audit.statistics.intervals import wilson
from tests.app.audit.planted import PLANTED, model, plan, silent

KINDS = (("ident_neutral_nh", "the {} is kind {}", "non-hateful"), ("derog_h", "the {} is vile {}", "hateful"))
TARGETS, EACH = (PLANTED, "sikh"), 12


def test_every_functionality_has_its_accuracy_with_an_interval(tmp_path: Path) -> None:
    """The planted group's harmless cases are all called the class: half of that functionality is wrong, and the list
    of harmless sentences names the group."""
    lines = ["functionality,test_case,label_gold,target_ident,templ_id"]
    lines += [
        f"{name},{text.format(target, k)},{label},{target},{k}"
        for name, text, label in KINDS for target in TARGETS for k in range(EACH)
    ]  # fmt: skip
    (tmp_path / "cases.csv").write_text("\n".join(lines))
    asked = plan(data=Functional(path="cases.csv"), explain={"gaps": 0}, metrics=("selection_rate",))
    declared, found = run(asked, material_of(asked, folder=tmp_path), LocalOracle(model()), silent)
    made = report.build(declared, found, tmp_path / "out", run={})
    report.write(made, tmp_path / "out", pdf=False)
    shown = made["content"]["functional"]
    figures = {(each["functionality"], each["target"]): each["figure"] for each in shown["accuracy"]}
    rows = csv.DictReader(io.StringIO((tmp_path / "out" / "tables" / "functional.csv").read_text()))
    exact = wilson(EACH, 2 * EACH)

    assert figures["ident_neutral_nh", None]["value"] == 0.5
    assert figures["ident_neutral_nh", None]["interval"]["low"] == pytest.approx(exact.low)
    assert figures["ident_neutral_nh", PLANTED]["value"] == 0
    assert figures["derog_h", None]["value"] == 1
    assert {each["target"]: each["figure"]["value"] for each in shown["harmless"]} == {PLANTED: 1.0, "sikh": 0.0}
    assert len(list(rows)) == len(shown["accuracy"])
    assert "Functional tests" in (tmp_path / "out" / "report.html").read_text()
    assert verification.verify(tmp_path / "out" / "report.json").rows == len(found)
