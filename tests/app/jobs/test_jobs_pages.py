"""Pages and REST of jobs: what is shown of each state, and what can be done without a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.store import jobs
from app.store.database import Store
from tests.app.jobs.inline import execution
from tests.served import served

BATCH = {"model": "sentiment", "inputs": [{"text": "good <b>film</b>"}, {"text": "=bad"}], "shard_rows": 1}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def submitted(client: TestClient, **fields: Any) -> str:
    answer = client.post("/v1/batches", json={**BATCH, **fields})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return str(answer.json()["id"])


def store(client: TestClient) -> Store:
    found: Store = client.app.state.services.store  # type: ignore[attr-defined]
    return found


def test_a_job_that_waits_can_be_cancelled_and_tried_again(client: TestClient) -> None:
    """Each button is a plain form, and leads back to the page."""
    id = submitted(client)
    before = client.get(f"/jobs/{id}").text
    cancelled = client.post(f"/jobs/{id}/cancel")
    stopped = client.get(f"/jobs/{id}").text
    again = client.post(f"/jobs/{id}/retry")

    assert 'http-equiv="refresh"' in before
    assert f'action="/jobs/{id}/cancel"' in before
    assert (cancelled.status_code, cancelled.headers["location"]) == (303, f"/jobs/{id}")
    assert 'http-equiv="refresh"' not in stopped
    assert f'action="/jobs/{id}/retry"' in stopped
    assert again.status_code == 303
    assert client.get(f"/v1/jobs/{id}").json()["attempt"] == 2


def test_a_finished_job_links_to_its_results(client: TestClient) -> None:
    """In three forms, each of which has every text; formulas of spreadsheets are made harmless."""
    id = submitted(client)
    execution(store(client)).run(id)
    page = client.get(f"/jobs/{id}").text
    forms = {form: client.get(f"/v1/batches/{id}/results?format={form}") for form in ("jsonl", "csv", "parquet")}

    assert all(f"/v1/batches/{id}/results?format={form}" in page for form in forms)
    assert [answer.status_code for answer in forms.values()] == [200] * 3
    assert forms["jsonl"].text.count("\n") == 2
    assert ",'=bad," in forms["csv"].text
    assert forms["parquet"].content.startswith(b"PAR1")


def test_results_come_as_far_as_the_job_is(client: TestClient) -> None:
    """The rows that are stored; the Parquet file is written at the end."""
    id = submitted(client)
    run = execution(store(client))
    run.begin(id)
    run.shards(id, 0, 1)

    assert client.get(f"/v1/batches/{id}/results").text.count("\n") == 1
    early = client.get(f"/v1/batches/{id}/results", headers={"Accept": "application/vnd.apache.parquet"})
    assert (early.status_code, early.json()["code"]) == (409, "conflict")


def test_the_list_shows_what_was_asked_for(client: TestClient) -> None:
    """All, those under way, those that have ended; a page of an unknown one is 404."""
    waiting, done = submitted(client), submitted(client)
    execution(store(client)).run(done)
    shown = {name: client.get(f"/jobs?show={name}").text for name in ("", "active", "ended")}

    assert [id in shown[""] for id in (waiting, done)] == [True, True]
    assert [id in shown["active"] for id in (waiting, done)] == [True, False]
    assert [id in shown["ended"] for id in (waiting, done)] == [False, True]
    assert client.get(f"/jobs/{'0' * 32}").status_code == 404


def test_a_job_that_failed_says_why(client: TestClient) -> None:
    """With a title in which nothing is markup."""
    id = submitted(client)
    change = partial(
        jobs.change, id=id, state="failed", error_code="internal", error="<i>x</i> ended", title="<script>"
    )
    store(client).commit(change)
    page = client.get(f"/jobs/{id}").text

    assert "&lt;i&gt;x&lt;/i&gt; ended" in page
    assert "<script>" not in page.replace("<script ", "")


def test_a_batch_that_cannot_work_is_refused_at_once(client: TestClient) -> None:
    """A model that is not there, a method that is none, an option that it does not have."""
    wrong = ({"model": "nobody"}, {"method": "magic"}, {"method": "shap", "options": {"colour": "red"}})
    answers = [client.post("/v1/batches", json={**BATCH, **fields}) for fields in wrong]

    assert [answer.status_code for answer in answers] == [422] * 3


def test_an_idempotency_key_makes_one_job(client: TestClient) -> None:
    """The second answer is the first job; another request with the key is a conflict."""
    headers = {"Idempotency-Key": "reviews"}
    first = client.post("/v1/batches", json=BATCH, headers=headers).json()
    second = client.post("/v1/batches", json=BATCH, headers=headers).json()
    other = client.post("/v1/batches", json={**BATCH, "seed": 1}, headers=headers)

    assert first["id"] == second["id"]
    assert other.status_code == 409


def test_the_rows_of_a_data_set_are_a_batch(client: TestClient) -> None:
    """In the order of the file; one whose file has not been read is a conflict, one that is not there a 404."""
    sent = client.post("/v1/datasets", content=b"text\ngood\nbad\nsome film\n", params={"name": "a.csv"})
    dataset = sent.headers["location"].rpartition("/")[2]
    asked = {"model": "sentiment", "dataset": dataset, "shard_rows": 2}
    early = client.post("/v1/batches", json=asked)
    for job in store(client).query(partial(jobs.in_states, states=["queued"])):
        execution(store(client)).run(job.id)
    id = str(client.post("/v1/batches", json=asked).json()["id"])
    execution(store(client)).run(id)
    found = [json.loads(line) for line in client.get(f"/v1/batches/{id}/results").text.splitlines()]

    assert early.status_code == 409
    assert [(row["row"], row["text"]) for row in found] == [(0, "good"), (1, "bad"), (2, "some film")]
    assert client.post("/v1/batches", json={**asked, "dataset": "0" * 32}).status_code == 404
    assert client.post("/v1/batches", json={**asked, "inputs": [{"text": "a"}]}).status_code == 422
