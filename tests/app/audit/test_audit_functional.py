"""An audit of a functional test: how each functionality came out, in the content, the report and its tables."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.audit.data.plan import Functional
from app.audit.evidence.oracle import LocalOracle
from app.audit.report import report
from app.audit.run import verification
from app.audit.run.run import run
from app.audit.run.sources import material_of
from app.audit.statistics.intervals import wilson
from tests.app.audit.planted import PLANTED, model, plan, silent
from tests.app.audit.test_audit_served import planted
from tests.app.datasets.given import imported
from tests.app.jobs.inline import execution
from tests.served import served

COLUMNS = "functionality,test_case,label_gold,target_ident,templ_id"
KINDS = (("ident_neutral_nh", "the {} is kind {}", "non-hateful"), ("derog_h", "the {} is vile {}", "hateful"))
TARGETS, EACH = (PLANTED, "sikh"), 12


def lines() -> list[str]:
    return [COLUMNS] + [
        f"{name},{text.format(target, k)},{label},{target},{k}"
        for name, text, label in KINDS for target in TARGETS for k in range(EACH)
    ]  # fmt: skip


def test_every_functionality_has_its_accuracy_with_an_interval(tmp_path: Path) -> None:
    """The planted group's harmless cases are all called the class: half of that functionality is wrong, and the list
    of harmless sentences names the group."""
    (tmp_path / "cases.csv").write_text("\n".join(lines()))
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


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=planted)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def sent(client: TestClient, folder: Path, content: str, name: str) -> str:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    return str(imported(store, folder, content.encode(), name=name).id)


def test_a_functional_test_that_was_sent_is_chosen_in_the_form(client: TestClient, tmp_path: Path) -> None:
    """Its columns are known by their names; its section is in the page in either language, and it is found over REST
    as the command finds it."""
    dataset = sent(client, tmp_path, "\n".join(lines()), "cases.csv")
    assert f'value="{dataset}"' in client.get("/audits/new?source=functional").text
    form = {"model": "sentiment", "audited": "yes", "source": "functional", "dataset": dataset}
    assert client.post("/audits", data=form).status_code == 303
    asked = plan(model="sentiment", data=Functional(dataset=dataset), explain={"gaps": 0}).model_dump(mode="json")
    id = client.post("/v1/audits", json=asked).json()["id"]
    execution(client.app.state.services.store, load=planted).run(id)  # type: ignore[attr-defined]
    answer = client.get(f"/v1/audits/{id}").json()
    assert answer["job"]["state"] == "done", answer["job"]["error"]
    shown = answer["content"]["functional"]
    pages = {language: client.get(f"/audits/{id}?lang={language}").text for language in ("en", "zh")}

    assert {each["target"]: each["figure"]["value"] for each in shown["harmless"]} == {PLANTED: 1.0, "sikh": 0.0}
    assert answer["content"]["data"]["title"] == "cases.csv"
    assert answer["content"]["data"]["clusters"] == len(KINDS) * EACH
    assert 'id="functional"' in pages["en"]
    assert "Harmless sentences that name the group" in pages["en"]
    assert "功能测试" in pages["zh"]


def test_a_data_set_that_is_no_functional_test_is_refused_at_once(client: TestClient, tmp_path: Path) -> None:
    """With the columns that it would need."""
    dataset = sent(client, tmp_path, "text,label\na,yes\nb,no\n", "other.csv")
    asked = plan(model="sentiment", data=Functional(dataset=dataset)).model_dump(mode="json")
    answer = client.post("/v1/audits", json=asked)

    assert answer.status_code == 422
    assert "functionality" in answer.json()["cure"]
