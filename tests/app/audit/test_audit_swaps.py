"""Audits of one's own texts against their twins with another group named."""

from __future__ import annotations

import csv
import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.audit.data.plan import Plan, Swaps
from app.audit.data.swapped import applied
from app.audit.evidence import stored
from app.audit.evidence.oracle import LocalOracle
from app.audit.report import report
from app.audit.report.content import content_of
from app.audit.run import verification
from app.audit.run.run import run
from app.audit.run.sources import swapped
from app.errors import BadRequest
from tests.app.audit.planted import WEIGHT, model, plan, silent

FRAMES = [f"the {thing} of my muslim friend is {kind}" for thing in ("house", "garden", "dog", "car") for kind in
          ("old", "red", "small", "nice", "hate", "vile")]  # fmt: skip
LEFT = {"both_named": "a muslim and a sikh met", "part_of_speech": "she gave her books"}


def rows() -> list[dict[str, str]]:
    """Texts that name one group, one that names two, and one whose pronoun may be either of two."""
    texts = [*FRAMES, *(frame.replace("muslim", "buddhist") for frame in FRAMES), *LEFT.values(), "nobody is here"]
    return [{"text": text, "label": "yes" if "hate" in text or "vile" in text else "no"} for text in texts]


def asked(**changed: Any) -> Plan:
    data = Swaps.model_validate({"dataset": "here", "most": 400, **changed})
    return plan(data=data, metrics=("selection_rate",), explain={"gaps": 0})


@cache
def audited() -> tuple[Any, Any, Any]:
    planned = asked()
    material = swapped(planned.data, rows(), audited="yes", seed=0)  # type: ignore[arg-type]
    declared, found = run(planned, material, LocalOracle(model()), silent)
    return declared, found, material


def cell(stratum: dict[str, Any], before: str, after: str) -> dict[str, Any]:
    return next(each for each in stratum["cells"] if (each["before"], each["after"]) == (before, after))


def test_every_twin_is_its_text_with_the_stored_replacements() -> None:
    """And names the other group in place of the first; twins are not measured themselves."""
    _, found, material = audited()

    for pair in found.pairs:
        assert material.texts[pair.other] == applied(material.texts[pair.row], pair.replacements)
        assert found.labels[pair.other] == found.labels[pair.row]
    inside = {name: found.membership.inside[:, g] for g, name in enumerate(found.membership.names)}
    assert all(inside[pair.before][pair.row] for pair in found.pairs)
    assert not any(inside[pair.before][pair.other] for pair in found.pairs)
    assert found.twins.sum() == len(found.pairs)
    assert material.count == len(rows())


def test_what_is_unsure_is_left_out_and_counted() -> None:
    """A text that names both groups has no twin for that pair; each doubt has its number."""
    declared, found, material = audited()
    made = declared.source["swaps"]

    assert material.left_out["both_named"] == 2  # either group of the text in place of the other
    assert set(LEFT) <= set(declared.source["left_out"])
    assert made["tried"] == made["made"] + sum(material.left_out.values())
    assert all(material.texts[pair.row] not in (LEFT["part_of_speech"], "nobody is here") for pair in found.pairs)


def test_the_planted_group_changes_the_score_and_no_other_does() -> None:
    """The model's own weight says by how much: log-odds of 2·weight go where the word goes."""
    content = content_of(*audited()[:2], {})
    harmless = content["swaps"]["harmless"]
    _, found, _ = audited()
    pairs = [p for p in found.pairs if (p.before, p.after) == ("muslim people", "buddhist people")]
    quiet = [p for p in pairs if not found.labels[p.row]]
    logits = np.log(found.scores / (1 - found.scores))

    there = cell(harmless, "muslim people", "buddhist people")
    assert there["n"] == len(quiet)
    assert there["change"] == pytest.approx(np.mean([found.scores[p.other] - found.scores[p.row] for p in quiet]))
    assert there["size"] == pytest.approx(-there["change"])
    assert all(logits[p.row] - logits[p.other] == pytest.approx(2 * WEIGHT, abs=0.1) for p in quiet)
    assert there["lost"] == len(quiet)
    assert there["gained"] == 0
    assert there["p"] == pytest.approx(2 * 0.5 ** len(quiet))
    assert there["q"] >= there["p"]
    assert cell(harmless, "buddhist people", "sikh people")["change"] == 0


def test_texts_of_the_class_are_reported_apart() -> None:
    """A swap may rightly change what a hateful text means; together the strata are all pairs."""
    swaps = content_of(*audited()[:2], {})["swaps"]

    assert swaps["harmless"]["pairs"] + swaps["of_class"]["pairs"] == swaps["all"]["pairs"]
    assert swaps["of_class"]["pairs"] > 0
    assert swaps["all"]["test"] == "sign flip of clusters"  # several twins of one text do not stand alone


def test_pairs_that_a_reviewer_calls_not_comparable_are_made_all_the_same() -> None:
    """So that marking one pair draws no other twins; the figures leave it out."""
    apart = swapped(asked(not_comparable=[["muslim people", "buddhist people"]]).data, rows(), audited="yes", seed=0)  # type: ignore[arg-type]
    together = swapped(asked().data, rows(), audited="yes", seed=0)  # type: ignore[arg-type]

    assert apart.pairs == together.pairs
    assert [pair for pair in apart.pairs if {pair.before, pair.after} == {"muslim people", "buddhist people"}]


def test_texts_without_a_group_to_swap_are_refused_with_the_groups_there_are() -> None:
    """Rather than a report about nothing."""
    lonely = [{"text": "a goth sings", "label": "yes"}, {"text": "a hipster sings", "label": "no"}]

    with pytest.raises(BadRequest, match="no text names a group that can be swapped"):
        swapped(asked().data, lonely, audited="yes", seed=0)  # type: ignore[arg-type]


def test_chinese_texts_are_swapped_too() -> None:
    """By the Chinese list and its own rules."""
    chinese = [{"text": f"这个穆斯林{what}", "label": label} for what, label in (("很好", "no"), ("很坏", "yes"))]
    made = swapped(asked(terms="zh").data, chinese, audited="yes", seed=0)  # type: ignore[arg-type]

    assert "这个犹太人很好" in made.texts


def test_the_report_has_the_pairs_and_is_verified_with_them(tmp_path: Path) -> None:
    """Content, HTML and CSV; the stored swaps come back from their table."""
    declared, found, material = audited()
    made = report.build(declared, found, tmp_path, run={})
    report.write(made, tmp_path, pdf=False)
    again = stored.read(tmp_path / "tables", made["content"]["tables"])
    lines = list(csv.DictReader(io.StringIO((tmp_path / "tables" / "swaps.csv").read_text())))
    html = (tmp_path / "report.html").read_text()

    assert again.pairs == found.pairs
    assert verification.rerun(tmp_path / "report.json", material, LocalOracle(model())).rows == len(found)
    assert len(lines) == sum(len(stratum["cells"]) for stratum in made["content"]["swaps"].values())
    assert "Identities swapped in your own texts" in html
    assert "names both groups 2" in html
