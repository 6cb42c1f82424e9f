"""What an audit reads of your own texts: what it leaves out is counted, what it cannot compare is refused."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from app.audit.data.material import Material
from app.audit.data.plan import Plan, Table, read_plan
from app.audit.evidence import stored
from app.audit.evidence.oracle import LocalOracle
from app.audit.report import report
from app.audit.report.content import content_of
from app.audit.run import verification
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.errors import BadRequest
from tests.app.audit.planted import model, plan, silent

CLASSES = ("no", "yes")
METRICS = (
    "false_positive_rate", "true_positive_rate", "accuracy", "positive_predictive_value", "selection_rate",
    "mean_score", "auc", "bpsn_auc", "bnsp_auc", "negative_aeg", "positive_aeg",
)  # fmt: skip


def labelled(unlabelled: int = 0) -> list[dict[str, str]]:
    """40 rows of each group, half of them of the class and predicted so; the unlabelled of group a are predicted so."""
    rows = [
        {"text": f"hate {k}" if k % 2 else f"nice {k}", "label": "yes" if k % 2 else "no", "who": "ab"[k // 2 % 2]}
        for k in range(80)
    ]
    return rows + [{"text": f"hate without {k}", "label": "", "who": "a"} for k in range(unlabelled)]


def asked(data: dict[str, Any] | None = None, **changed: Any) -> Plan:
    table = {"kind": "table", "dataset": "here", "groups": ["who"]} | (data or {})
    wanted: dict[str, Any] = {"metrics": METRICS, "minimum": 2, "explain": {"gaps": 0, "each": 0}}
    return plan(**(wanted | {"data": Table.model_validate(table)} | changed))


def material(rows: Sequence[Mapping[str, Any]], planned: Plan) -> Material:
    return material_of(planned, folder=Path(), dataset=rows, classes=CLASSES)


def content(rows: Sequence[Mapping[str, Any]], planned: Plan) -> dict[str, Any]:
    declared, found = run(planned, material(rows, planned), LocalOracle(model()), silent)
    return content_of(declared, found, {})


@pytest.mark.parametrize("name", METRICS)
def test_rows_without_a_label_are_in_no_measure_that_needs_one(name: str) -> None:
    """Every number of the measure is that of the audit without them; the other measures count them."""
    without, with_them = (content(labelled(extra), asked(metrics=(name,))) for extra in (0, 40))
    numbers = [[(t["n"], t["value"], t["gap"], t["p"]) for t in each["tests"]] for each in (without, with_them)]

    assert (numbers[0] == numbers[1]) == (name not in ("selection_rate", "mean_score"))
    assert (without["data"]["unlabelled"], with_them["data"]["unlabelled"]) == (0, 40)
    for part in ("groups", "curves", "summary"):
        assert _needing(without[part]) == _needing(with_them[part])


def _needing(part: Any) -> Any:
    """The part without what needs no label."""
    free = ("selection_rate", "scoring_rate", "mean_score", "n", "background", "unlabelled", "impact_ratio",
            "demographic_parity_difference", "demographic_parity_ratio", "to_overall", "sweep")  # fmt: skip
    if isinstance(part, dict):
        return {name: _needing(value) for name, value in part.items() if name not in free}
    return [_needing(each) for each in part] if isinstance(part, list) else part


def test_unlabelled_rows_are_counted_and_keep_their_place(tmp_path: Path) -> None:
    """In the data sheet, by group, and in the stored table, from which the report is verified."""
    planned = asked()
    declared, found = run(planned, material(labelled(40), planned), LocalOracle(model()), silent)
    made = report.build(declared, found, tmp_path, run={})
    report.write(made, tmp_path, pdf=False)
    again = stored.read(tmp_path / report.TABLES, made["content"]["tables"])

    assert {"label": "", "n": 40, "means": "none"} in made["content"]["data"]["labels"]
    assert {group["name"]: group["unlabelled"] for group in made["content"]["groups"]} == {"who: a": 40, "who: b": 0}
    assert again.labelled is not None
    assert found.labelled is not None
    assert np.array_equal(again.labelled, found.labelled)
    assert verification.verify(tmp_path / "report.json").rows == 120


def test_a_threshold_is_chosen_on_labelled_rows() -> None:
    """The unlabelled, all of which are predicted to be of the class, do not move it."""
    threshold = {"choose": "accuracy", "share": 0.5}
    chosen = [content(labelled(extra), asked(threshold=threshold))["threshold"]["value"] for extra in (0, 40)]

    assert all(0.1 < value < 0.9 for value in chosen)


GROUPS = [{"text": f"nice {k}", "label": "yes" if k % 2 else "no", "who": who} for k, who in
          enumerate(["a"] * 20 + ["b"] * 20 + ["none"] * 20 + [""] * 7 + ["unknown"] * 3)]  # fmt: skip


def test_blank_cells_are_counted_by_what_they_hold() -> None:
    """They leave every comparison of the column, and the report says how many and why."""
    found = content(GROUPS, asked())["data"]["unknown"]

    assert found == [
        {
            "column": "who",
            "n": 30,
            "no_group": 0,
            "cells": [{"cell": "none", "n": 20}, {"cell": "", "n": 7}, {"cell": "unknown", "n": 3}],
        }
    ]


def test_a_value_can_be_declared_to_name_no_group() -> None:
    """Its texts are compared with, by either comparison; the empty string stands for empty cells."""
    whole = content(GROUPS, asked({"no_group": ["None", ""]}, metrics=("selection_rate",)))
    alone = content(GROUPS, asked({"no_group": ["None", ""]}, metrics=("selection_rate",), compared="no_group"))
    sizes = [{t["group"]: t["background_n"] for t in each["tests"] if t["group"]} for each in (whole, alone)]

    assert sizes == [{"who: a": 47, "who: b": 47}, {"who: a": 27, "who: b": 27}]
    assert whole["data"]["unknown"][0]["no_group"] == 27
    assert whole["data"]["unknown"][0]["n"] == 3


@pytest.mark.parametrize(
    ("data", "changed", "said", "cure"),
    [
        ({}, {"compared": "no_group"}, "there are none", "data.no_group"),
        ({"no_group": ["nobody"]}, {}, "no cell of who is 'nobody'", "as the file does"),
        ({}, {"groups": ("who: c",)}, "no text is of the group 'who: c'", "who: a, who: b"),
        ({"groups": ["empty"]}, {}, "the column 'empty' names no group", "whom a text is about"),
        ({"groups": ["all"]}, {}, "every text is of the group 'all: x'", "other groups"),
    ],
)
def test_an_audit_that_would_compare_nothing_is_refused(
    data: dict[str, Any], changed: dict[str, Any], said: str, cure: str
) -> None:
    """With the cure, rather than as a report without a number."""
    rows = [row | {"empty": "", "all": "x"} for row in GROUPS]
    with pytest.raises(BadRequest, match=said) as refused:
        material(rows, asked(data, **changed))

    assert cure in refused.value.cure


def test_templates_have_no_text_of_no_group() -> None:
    """The same of the embedded templates: each text names somebody."""
    with pytest.raises(BadRequest, match="there are none"):
        material_of(plan(compared="no_group"), folder=Path())


def test_a_group_whose_rows_are_all_left_out_is_named() -> None:
    """Its rows have no text: nothing else would say that it was there."""
    found = content([*GROUPS, {"text": " ", "label": "no", "who": "c"}], asked())

    assert found["data"]["vanished"] == ["who: c"]
    assert found["data"]["left_out"] == {"no_text": 1}


def test_texts_without_labels_are_declared_in_toml_as_in_json(tmp_path: Path) -> None:
    """An empty string is TOML's null: the same plan, the same hash."""
    own = 'model = "linear"\nmetrics = ["selection_rate"]\n[data]\nkind = "table"\npath = "t.csv"\ngroups = ["who"]\n'
    (tmp_path / "a.toml").write_text(own + 'label = ""\n')
    (tmp_path / "a.json").write_text(
        '{"model": "linear", "metrics": ["selection_rate"], "data": {"kind": "table", "path": "t.csv",'
        ' "groups": ["who"], "label": null}}'
    )
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "who"], *([f"nice {k}", "ab"[k % 2]] for k in range(40))])
    plans = [read_plan(tmp_path / name) for name in ("a.toml", "a.json")]

    assert plans[0].sha256 == plans[1].sha256
    assert material_of(plans[0], folder=tmp_path).labels is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"metrics": ("selection_rate", "accuracy")}, "accuracy needs labels"),
        ({"metrics": ("selection_rate",), "threshold": {"choose": "f1"}}, "to choose it takes labels"),
    ],
)
def test_what_needs_labels_is_refused_where_none_are_declared(changed: dict[str, Any], said: str) -> None:
    """It was left out without a word, and another measure taken in its place."""
    with pytest.raises(ValidationError, match=said):
        asked({"label": ""}, **changed)
