"""A comparison of models as a job, over REST and on its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from explainers.testing import LinearModel
from tests.app.jobs.inline import execution
from tests.served import linear, served

FORM = {"origin": "http://localhost"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def rows(count: int = 60) -> bytes:
    said = {0: ("a good film", "yes"), 1: ("a bad film", "no"), 2: ("a gorgeous, not bad film", "yes")}
    lines = [f"{said[n % 3][0]} {n},{said[n % 3][1]},{'ab'[n % 2]}" for n in range(count)]
    return "\n".join(
        ["text,label,topic", *(f'"{t}",{y},{g}' for t, y, g in (line.rsplit(",", 2) for line in lines))]
    ).encode()


def uploaded(client: TestClient, content: bytes) -> str:
    params = {"name": "rows.csv", "text": "text", "label": "label", "groups": "topic"}
    sent = client.post("/v1/datasets", content=content, params=params)
    id = str(sent.headers["location"].rpartition("/")[2])
    run(client, client.get(sent.headers["location"]).json()["job"])
    return id


def run(client: TestClient, job: str) -> None:
    execution(client.app.state.services.store).run(job)  # type: ignore[attr-defined]


def test_a_comparison_runs_as_a_job_and_has_a_page_in_both_languages(client: TestClient) -> None:
    body: dict[str, Any] = {
        "before": "sentiment",
        "after": "sentiment",
        "twin": "sentiment",
        "dataset": uploaded(client, rows()),
    }
    sent = client.post("/v1/changes", json={**body, "texts": 10})
    id = sent.json()["id"]
    assert (sent.status_code, client.get(f"/v1/changes/{id}").json()["change"]) == (202, None)
    assert client.get(f"/changes/{id}").status_code == 200

    run(client, id)
    found = client.get(f"/v1/changes/{id}").json()
    page, chinese = client.get(f"/changes/{id}"), client.get(f"/changes/{id}", headers={"accept-language": "zh"})
    listed = client.get("/changes").text

    change = found["change"]
    assert found["job"]["state"] == "done", found
    assert (change["decisions"]["texts"], change["decisions"]["flips"]) == (60, 0)
    assert (change["agreement"]["tau"], change["agreement"]["call"]) == (1.0, "within")
    assert {gap["group"] for gap in change["gaps"]} == {"topic: a", "topic: b"}
    assert "All 60 decisions stay." in unescape(page.text)
    assert "Dashed: two trainings that differ by the seed alone" in page.text
    assert "60 个判定全部不变" in chinese.text
    assert not re.search(r"style=|%\(\w+\)s", page.text + chinese.text)
    assert f'href="/changes/{id}"' in listed
    assert "reasons within the noise of seeds" in listed
    assert client.post(f"/changes/{id}/delete", headers=FORM).status_code == 303
    assert client.get(f"/v1/changes/{id}").status_code == 404


def test_what_cannot_be_compared_is_refused_at_once(client: TestClient) -> None:
    dataset = uploaded(client, rows(12))
    for asked, status, told in (
        ({"after": "nothing"}, 422, "nothing"),
        ({"dataset": "0" * 32}, 404, "0000"),
        ({"texts": 3}, 422, "texts"),
        ({"twins": "sentiment"}, 422, "twins"),
    ):
        answer = client.post(
            "/v1/changes", json={"before": "sentiment", "after": "sentiment", "dataset": dataset} | asked
        )
        assert (answer.status_code, told in answer.text) == (status, True)
    typed = {"before": "sentiment", "after": "sentiment", "dataset": dataset, "texts": "many"}
    refused = client.post("/changes", data=typed, headers=FORM)
    assert refused.status_code == 422
    assert 'value="many"' in refused.text
    assert client.get("/v1/changes/unknown").status_code == 404


def test_the_form_begins_with_two_models_of_the_same_classes(tmp_path: Path) -> None:
    """Not with the first two of the list, which it would refuse."""

    def load(name: str) -> LinearModel:
        model = linear(name)
        model.labels = ("calm", "angry") if name == "other" else model.labels
        return model

    app, _ = served(tmp_path, load=load, names=("first", "other", "third"))
    with TestClient(app, base_url="http://localhost") as client:
        uploaded(client, rows(12))
        for name in ("first", "other", "third"):
            client.post("/v1/predictions", json={"model": name, "inputs": [{"text": "good"}]})
        page = client.get("/changes").text

    assert re.findall(r'<option value="(\w+)" selected>', page)[:2] == ["first", "third"]


def test_a_label_that_is_no_class_ends_the_job_with_the_reason(client: TestClient) -> None:
    dataset = uploaded(client, b"text,label,topic\na good film,great,a\na bad film,awful,b\n")
    id = client.post("/v1/changes", json={"before": "sentiment", "after": "sentiment", "dataset": dataset}).json()["id"]

    run(client, id)

    job = client.get(f"/v1/jobs/{id}").json()
    assert job["state"] == "failed"
    assert "is no class of the model; it has no, yes" in job["error"]["detail"]
    assert "is no class of the model" in client.get(f"/changes/{id}").text
