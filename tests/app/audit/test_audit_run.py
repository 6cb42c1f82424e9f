"""A whole audit of a model whose bias was planted: what is found, which words make it, and what a report says."""

from __future__ import annotations

import csv
import json
import logging
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.audit.data.plan import Templates
from app.audit.evidence import stored
from app.audit.evidence.oracle import LocalOracle
from app.audit.family import gaps
from app.audit.report import report
from app.audit.report.content import content_of, digest
from app.audit.run import verification
from app.audit.run.difference import compare
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.errors import BadRequest
from app.web import paper
from explainers.testing import LinearModel
from tests.app.audit.planted import HARM, HARMFUL, IDENTITIES, PLANTED, WEIGHT, audited, model, plan, silent


@pytest.fixture(autouse=True, scope="module")
def no_pdf() -> None:
    """Here it is said for itself whether there is one."""


@cache
def content() -> dict[str, Any]:
    declared, found, _ = audited()
    return content_of(declared, found, {})


def written(folder: Path, planted: str | None = PLANTED) -> Path:
    declared, found, _ = audited(planted)
    made = report.build(declared, found, folder, run={"started": "2026-11-30T12:00:00+00:00"})
    report.write(made, folder, pdf=False)
    return folder / "report.json"


def test_the_planted_group_is_found_and_leads() -> None:
    """It is the headline, and the only finding among the false positive rates that harms a group."""
    found = content()
    headline = found["tests"][found["verdict"]["headline"]]

    assert found["verdict"]["kind"] == "finding"
    assert (headline["metric"], headline["group"]) == ("false_positive_rate", PLANTED)
    assert headline["gap"] > 0


def test_the_words_of_the_gap_add_up_to_it() -> None:
    """A linear model has no residual; the planted word alone makes the gap, and without it the rate gap is gone."""
    gap = content()["words"][0]
    shares = {share["name"]: share["value"] for share in gap["parts"]["parts"]}

    assert gap["group"] == PLANTED
    assert abs(gap["parts"]["residual"]) <= 1e-6
    assert sum(shares.values()) == pytest.approx(gap["parts"]["gap"], abs=1e-6)
    assert shares["identity"] == pytest.approx(2 * WEIGHT, abs=1e-6)
    assert gap["words"][0]["word"] == PLANTED
    assert gap["words"][0]["claim"] == pytest.approx(2 * WEIGHT, abs=1e-6)
    assert gap["closed"] >= 0.8


def test_of_a_large_group_some_texts_are_tried_and_the_rate_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted word alone makes the gap, so that without it, on however many texts, the rate falls by the gap."""
    monkeypatch.setattr(gaps, "MOST_TRIED", 30)
    asked = plan()
    declared, found = run(asked, material_of(asked, folder=Path()), LocalOracle(model()), silent)
    few = content_of(declared, found, {})["words"][0]
    word = few["words"][0]

    assert (word["word"], word["tried"]) == (PLANTED, 30)
    assert word["measured"] == pytest.approx(-word["flips"] / 30)
    assert 0.8 <= few["closed"] <= 1.2


def test_an_identity_of_two_words_is_taken_out_whole() -> None:
    """Either word alone is enough for the bias, so that taking out one or the other closes nothing and both all."""
    weights = dict.fromkeys(HARMFUL, (-HARM, HARM)) | {"is": (1.0, -1.0), "a": (1.0, -1.0), "I": (1.0, -1.0)}
    biased = LinearModel(weights | dict.fromkeys(("middle", "eastern"), (-WEIGHT, WEIGHT)))
    asked = plan(data=Templates(identities=("middle eastern", *IDENTITIES)))
    declared, found = run(asked, material_of(asked, folder=Path()), LocalOracle(biased), silent)
    gap = content_of(declared, found, {})["words"][0]
    alone = {word["word"]: word["measured"] for word in gap["words"] if word["part"] == "identity"}

    assert gap["group"] == "middle eastern"
    assert alone == {"middle": 0, "eastern": 0}
    assert gap["closed"] >= 0.8


def test_every_group_has_its_push() -> None:
    """The planted identity pushes by its weight, the others by nothing: that is the attribution disparity."""
    groups = {group["group"]: group for group in content()["explanations"]["groups"]}

    assert groups[PLANTED]["push"] == pytest.approx(2 * WEIGHT, abs=1e-6)
    assert {name for name in IDENTITIES if abs(groups[name]["push"]) < 1e-9} == set(IDENTITIES) - {PLANTED}
    assert content()["explanations"]["disparity"]["value"] == pytest.approx(2 * WEIGHT, abs=1e-6)


def test_a_model_without_the_bias_shows_none() -> None:
    """The same audit of the twin: every group is shown equal."""
    declared, found, _ = audited(None)
    said = content_of(declared, found, {})["verdict"]

    assert said["kind"] == "equal"
    assert said["findings"] == 0


def test_every_group_has_what_is_made_of_several_rates(tmp_path: Path) -> None:
    """Counted by hand from the rates of the group and of its comparison, in the report and in its table."""
    found, path = content(), written(tmp_path)
    planted = next(group for group in found["groups"] if group["name"] == PLANTED)
    tests = {t["metric"]: t["gap"] for t in found["tests"] if t["group"] == PLANTED}
    rates = {name: figure["value"] for name, figure in planted["figures"].items()}
    recall, precision = rates["true_positive_rate"], rates["positive_predictive_value"]
    with (tmp_path / "tables" / "groups.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["group"] == PLANTED)

    odds = (tests["false_positive_rate"] + tests["true_positive_rate"]) / 2
    assert planted["mixed"]["average_odds_difference"] == pytest.approx(odds, abs=1e-9)
    assert planted["mixed"]["f1"] == pytest.approx(2 * recall * precision / (recall + precision), abs=1e-9)
    assert planted["mixed"]["macro_f1"] < planted["mixed"]["f1"]
    assert float(row["macro_f1"]) == planted["mixed"]["macro_f1"]
    assert f"{odds:+.3f}" in report.to_html(json.loads(path.read_text()))


def test_failing_examples_name_the_word_and_what_is_left_without_it() -> None:
    """The surest mistakes first, the strongest word, and the probability when it is taken out."""
    shown = content()["examples"][0]

    assert shown["failing"] >= len(shown["texts"]) > 0
    for example in shown["texts"]:
        assert example["strongest"] == PLANTED
        assert example["without"] < example["score"]


def test_two_runs_have_the_same_content(tmp_path: Path) -> None:
    """Byte for byte, from the prediction to the hash."""
    audited.cache_clear()
    first = json.loads(written(tmp_path / "a").read_text())
    audited.cache_clear()
    second = json.loads(written(tmp_path / "b").read_text())

    assert first["sha256"] == second["sha256"] == digest(first["content"])
    assert first["content"] == second["content"]
    assert (tmp_path / "a" / "report.html").read_bytes() == (tmp_path / "b" / "report.html").read_bytes()


def test_a_report_is_verified_from_its_tables(tmp_path: Path) -> None:
    """Also by predicting again."""
    path = written(tmp_path)
    _, found, material = audited()

    assert verification.verify(path).rows == len(found)
    assert verification.rerun(path, material, LocalOracle(model())).largest == pytest.approx(0, abs=1e-6)
    with pytest.raises(BadRequest, match="differs by"):
        verification.rerun(path, material, LocalOracle(model(None)))


def test_a_changed_number_is_refused(tmp_path: Path) -> None:
    """In the content, in the content with its hash made to fit, and in a table."""
    path = written(tmp_path)
    made = json.loads(path.read_text())
    made["content"]["tests"][0]["gap"] = 0.001
    path.write_text(json.dumps(made))
    with pytest.raises(BadRequest, match="the content was changed"):
        verification.verify(path)
    made["sha256"] = digest(made["content"])
    path.write_text(json.dumps(made))
    with pytest.raises(BadRequest, match=re.escape("content.tests[0].gap")):
        verification.verify(path)
    (tmp_path / "tables" / stored.ROWS).write_bytes(b"other")
    with pytest.raises(BadRequest, match=r"rows\.parquet' was changed"):
        verification.verify(path)


def test_a_report_of_another_version_is_not_called_wrong(tmp_path: Path) -> None:
    """Whoever computes other figures cannot say that these differ from their tables."""
    path = written(tmp_path)
    made = json.loads(path.read_text())
    made["content"]["schema"] = "whence-audit/1"
    del made["content"]["curves"]["sweep"][0]["all"]
    path.write_text(json.dumps(made | {"sha256": digest(made["content"])}))

    with pytest.raises(BadRequest, match="has the schema 'whence-audit/1'"):
        verification.verify(path)


def test_two_audits_are_compared_row_by_row(tmp_path: Path) -> None:
    """Taking the bias out moves the planted group alone, and the paired test says so."""
    found = compare(written(tmp_path / "before"), written(tmp_path / "after", None))
    moved = {change.group: change for change in found.changes if change.metric == "false_positive_rate"}

    assert moved[PLANTED].gained == 0
    assert moved[PLANTED].lost > 0
    assert moved[PLANTED].q is not None
    assert moved[PLANTED].q < 0.05
    assert all(change.gained == change.lost == 0 for name, change in moved.items() if name != PLANTED)


def test_the_html_asks_for_nothing(tmp_path: Path) -> None:
    """No script, no address of another place, a policy that allows nothing but its own style and drawings."""
    html = report.to_html(json.loads(written(tmp_path).read_text()))

    assert "<script" not in html
    assert [link for link in re.findall(r'(?:src|href)="(?!#)([^"]+)"', html) if not link.startswith("data:")] == []
    assert not re.search(r"url\((?!#)", html)
    assert "default-src &#39;none&#39;" in html


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_speaks_the_language_of_the_plan(language: str, tmp_path: Path) -> None:
    """The headline and the tables, with every number."""
    declared, found, _ = audited()
    asked = declared.__class__(plan(language=language), declared.model, declared.target, declared.source)
    made = report.build(asked, found, tmp_path, run={})
    html = report.to_html(made)

    assert f'<html lang="{language}">' in html
    assert ("差距" in html) == (language == "zh")
    assert made["sha256"] in html


def test_a_pdf_has_letters_and_every_drawing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """WeasyPrint sets the same page; no drawing fails, not even the heat map, which is a picture."""
    pytest.importorskip("weasyprint")
    html = report.to_html(json.loads(written(tmp_path).read_text()))

    assert "data:image/png" in html
    assert paper.to_pdf(html).startswith(b"%PDF")
    assert [record.getMessage()[:200] for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_pdf_loads_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Not even what a report would not ask for."""
    pytest.importorskip("weasyprint")
    (tmp_path / "secret.png").write_bytes(b"secret")
    for address in ("http://127.0.0.1:9/x.png", (tmp_path / "secret.png").as_uri()):
        paper.to_pdf(f'<img src="{address}">')

    refused = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(refused) == 2
    assert all("disallowed protocol" in message for message in refused)


@pytest.mark.parametrize("lacking", ["OSError('cannot load libpango')", "ImportError('no module')"])
def test_without_what_draws_a_pdf_it_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str) -> None:
    """Neither the extra without the system's Pango nor no extra at all stops an audit."""
    (tmp_path / "weasyprint.py").write_text(f"raise {lacking}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "weasyprint", raising=False)
    declared, found, _ = audited()
    made = report.build(declared, found, tmp_path / "audit", run={})
    files = report.write(made, tmp_path / "audit", pdf=paper.has_pdf())

    assert "report.pdf" not in files
    assert {"report.json", "report.html", "model-card.md"} <= set(files)
    assert verification.verify(tmp_path / "audit" / "report.json").sha256 == made["sha256"]


def test_scores_are_stored_to_six_digits() -> None:
    """Every number is computed from what is stored."""
    _, found, _ = audited()

    assert np.array_equal(found.scores, found.scores.round(6))
