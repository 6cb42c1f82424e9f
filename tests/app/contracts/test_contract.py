"""Contracts against models whose words have known weights: what holds passes, what does not fails, the rest is open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from app.audit.evidence.oracle import LocalOracle
from app.changes.material import Texts
from app.cli import main
from app.contracts.contract import Contract, read_contract
from app.contracts.outcomes import held_against
from app.contracts.reports import to_junit, to_page
from app.contracts.schemas import CheckedOut
from app.contracts.verify import Failing, check
from app.errors import BadRequest
from explainers.testing.linear import LinearModel

WEIGHTS = {"good": 3.0, "bad": -3.0, "fine": 1.5, "film": 0.1, "nun": 2.0, "not": -4.0, "a": 0.0, "the": 0.0}


def linear(**changed: float) -> LinearModel:
    return LinearModel({word: (0.0, push) for word, push in {**WEIGHTS, **changed}.items()})


def texts(count: int = 80) -> Texts:
    rng = np.random.default_rng(0)
    made, labels, orders = [], [], []
    for row in range(count):
        good = bool(rng.random() < 0.5)
        order = "nun" if row % 2 else "lay"
        made.append(f"{'the nun' if row % 2 else 'the film'} is a {'good' if good else 'bad'} one {row}")
        labels.append(int(good))
        orders.append(order)
    return Texts("rows.csv", "0" * 64, tuple(made), np.array(labels), {"order": tuple(orders)})


def checked(model: LinearModel | None = None, **asked: Any) -> tuple[CheckedOut, list[Failing]]:
    contract = Contract.model_validate({"name": "reviews", "texts": "rows.csv", **asked})
    oracle = LocalOracle(model or linear())
    return check(contract, "0" * 64, oracle, texts(), lambda name: LocalOracle(linear()), lambda done, note: None)


def outcomes(found: CheckedOut) -> list[str]:
    return [each.outcome for each in found.checks]


def test_golden_texts_pass_by_prediction_and_by_words() -> None:
    golden = [
        {
            "text": "a good film",
            "predicts": "yes",
            "at_least": 0.9,
            "carried_by": ["good"],
            "not_carried_by": ["film", "a"],
        },
        {"text": "a fine nun", "predicts": "yes", "carried_by": ["fine"], "top": 1},
        {"text": "a good nun", "predicts": "yes", "not_carried_by": ["nun"]},
        {"text": "a bad film", "predicts": "yes"},
        {"text": "a good film", "predicts": "yes", "at_least": 0.999},
    ]
    found, failing = checked(golden=golden)

    assert outcomes(found) == ["passed", "failed", "failed", "failed", "failed"]
    assert found.checks[1].told == "predicts yes (97 % yes); “fine” has +1.50, place 2"
    assert "nun: 40.0 % of the score" in found.checks[2].told
    assert [part.explanations[0].text for part in failing] == ["a fine nun", "a good nun"]


def test_behaviours_count_their_pairs() -> None:
    pairs = [["a good film", "not a good film"], ["a fine film", "a fine the film"]]
    found, _ = checked(
        behaviour=[
            {"name": "negation", "must": "flip", "pairs": pairs},
            {"name": "negation mostly", "must": "flip", "pairs": pairs, "share": 0.5},
            {"name": "articles", "must": "stay", "pairs": pairs[1:]},
        ]
    )

    assert outcomes(found) == ["failed", "passed", "passed"]
    assert found.checks[0].told == "1 of 2 pairs flip"
    assert found.checks[0].examples == ("a fine film → a fine the film",)


def test_margins_over_the_texts_pass_fail_or_stay_open() -> None:
    found, _ = checked(accuracy={"at_least": 0.5}, calibration={"at_most": 0.3})
    assert outcomes(found) == ["passed", "passed"]
    found, _ = checked(linear(nun=9.0), accuracy={"at_least": 0.9})
    assert outcomes(found) == ["failed"]
    found, _ = checked(accuracy={"at_least": 0.97})
    assert outcomes(found) == ["undecided"]  # 80 of 80 are right, and 80 texts cannot show 97 %
    assert found.outcome == "undecided"


def test_a_word_that_carries_is_found_on_the_texts_that_hold_it() -> None:
    asked = {"name": "orders carry little", "words": ["nun"], "at_most": 0.2}
    found, failing = checked(words=[asked])
    assert outcomes(found) == ["failed"]
    assert found.checks[0].value == pytest.approx(0.4, abs=1e-6)
    assert len(failing[0].explanations) == 5
    assert outcomes(checked(linear(nun=0.1), words=[asked])[0]) == ["passed"]
    assert outcomes(checked(words=[{**asked, "words": ["abbess"]}])[0]) == ["undecided"]


def test_gaps_between_groups_are_those_of_an_audit() -> None:
    gap = {"metric": "false_positive_rate", "at_most": 0.2, "groups": ["order"]}
    wide, _ = checked(linear(nun=9.0), groups=["order"], gap=[gap])
    assert "failed" in outcomes(wide)
    none, _ = checked(groups=["order"], gap=[{**gap, "at_most": 0.4}])
    assert "failed" not in outcomes(none)
    with pytest.raises(BadRequest, match="no column of groups 'sex'"):
        checked(gap=[{**gap, "groups": ["sex"]}])


def test_agreement_is_held_against_a_twin_or_a_number() -> None:
    same, _ = checked(agreement={"baseline": "b", "twin": "t"})
    assert outcomes(same) == ["passed"]
    turned = linear(good=0.1, bad=-0.1, film=3.0, a=-3.0, the=2.5)
    assert outcomes(checked(turned, agreement={"baseline": "b", "twin": "t"})[0]) == ["failed"]
    assert outcomes(checked(turned, agreement={"baseline": "b", "at_least": 0.9})[0]) == ["failed"]


def test_an_interval_over_its_limit_is_undecided() -> None:
    over = ((0.5, 1), (0.4, 0.6), (0, 0.4), (None, 1))
    assert [held_against(low, high, 0.5, at_least=True) for low, high in over] == [
        "passed", "undecided", "failed", "undecided",
    ]  # fmt: skip
    assert [held_against(low, high, 0.5, at_least=False) for low, high in ((0.6, 1), (0.4, 0.6), (0, 0.5))] == [
        "failed", "undecided", "passed",
    ]  # fmt: skip


def test_contracts_are_read_with_every_mistake_named(tmp_path: Path) -> None:
    path = tmp_path / "contract.toml"
    for content, reason in (
        ('name = "x"', "holds no check"),
        (
            'name = "x"\ntexts = "f"\n[accuracy]\nat_least = 1.9',
            "accuracy.at_least: Input should be less than or equal",
        ),
        ('name = "x"\ntexts = "f"\n[agreement]\nbaseline = "b"', "give a twin, or at_least"),
        ('name = "x"\n[[golden]]\ntext = "t"\npredict = "yes"', "golden.0.predicts: Field required"),
        ("name", "is not TOML"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(BadRequest, match=reason):
            read_contract(path)
    without = Contract.model_validate({"name": "x", "accuracy": {"at_least": 0.9}})
    with pytest.raises(BadRequest, match="accuracy is measured on texts, and there are none"):
        check(without, "", LocalOracle(linear()), None, lambda name: LocalOracle(linear()), lambda done, note: None)
    with pytest.raises(BadRequest, match="'maybe' is no class of linear"):
        checked(golden=[{"text": "a", "predicts": "maybe"}])
    with pytest.raises(BadRequest, match="'great' is no word of"):
        checked(golden=[{"text": "a good film", "predicts": "yes", "carried_by": ["great"]}])


def test_build_servers_and_readers_get_what_failed() -> None:
    golden = [
        {"text": "a good <nun>\x08 nun", "predicts": "yes", "not_carried_by": ["nun"]},
        {"text": "a good film", "predicts": "yes"},
    ]
    found, failing = checked(golden=golden, accuracy={"at_least": 0.97})
    suite = ElementTree.fromstring(to_junit(found))
    page = to_page(found, failing)

    assert [suite.attrib[name] for name in ("tests", "failures", "skipped")] == ["3", "1", "1"]
    assert [[child.tag for child in case] for case in suite] == [["failure"], [], ["skipped"]]
    assert "&lt;nun&gt;" in page
    assert "<nun>" not in page


def test_the_command_ends_with_one_where_a_check_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    contract = tmp_path / "contract.toml"
    golden = '[[golden]]\ntext = "a gorgeous, witty film"\npredicts = "{}"\ncarried_by = ["gorgeous"]\n'
    for predicted, code in (("positive", 0), ("negative", 1)):
        contract.write_text('name = "first"\n' + golden.format(predicted), encoding="utf-8")
        files = {name: tmp_path / f"{predicted}.{name}" for name in ("json", "html")}
        junit = tmp_path / f"{predicted}.xml"
        with pytest.raises(SystemExit) as ended:
            main(
                ["check", str(contract), "sentiment", "--junit", str(junit)]
                + [part for name, file in files.items() for part in (f"--{name}", str(file))]
            )
        answer = json.loads(files["json"].read_text("utf-8"))

        assert ended.value.code == code
        assert answer["outcome"] == ("failed" if code else "passed")
        assert ("gorgeous" in files["html"].read_text("utf-8")) == bool(code)
        assert ElementTree.parse(junit).getroot().attrib["failures"] == str(code)
    assert "1 failed" in capsys.readouterr().out
