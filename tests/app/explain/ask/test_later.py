"""Explanations that take long: 202 and a job, the same one however often it is asked, with the ordinary result."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access import keys
from app.client import Client, ClientError
from app.engine.demand.pace import USUAL, Pace
from app.explain.ask.schemas import ExplanationRequest
from app.explain.ask.service import explanation_json
from app.jobs import service as jobs_service
from app.scopes import Scope
from app.store import jobs
from app.store.database import Store
from app.web.dependencies import Services
from explainers import Question
from tests.app.access.conftest import made
from tests.app.jobs.inline import execution
from tests.served import served

TEXT = "good film, " * 20
ONE = {"model": "sentiment", "input": {"text": TEXT}, "method": "leave-one-out"}
ALL = {"model": "sentiment", "input": {"text": TEXT}, "methods": ["leave-one-out", "lime"]}
ROUTES = [("/v1/explanations", ONE), ("/v1/panels", ALL)]
NO_WAIT = {"Prefer": "wait=0"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def store(client: TestClient) -> Store:
    found: Store = client.app.state.services.store  # type: ignore[attr-defined]
    return found


def waiting(client: TestClient) -> list[str]:
    return [job.id for job in store(client).query(partial(jobs.in_states, states=["queued"]))]


@pytest.mark.parametrize(("path", "asked"), ROUTES)
def test_what_is_not_done_in_time_is_one_job(client: TestClient, path: str, asked: dict[str, Any]) -> None:
    """Twice asked, also for another class; its result is what a patient caller would have got, to the byte."""
    first = client.post(path, json=asked, headers=NO_WAIT)
    second = client.post(path, json={**asked, "target": 0}, headers=NO_WAIT)
    execution(store(client)).run(first.json()["id"])
    job = client.get(first.headers["location"]).json()
    stored = client.get(job["result"]["links"]["json"])
    again = client.post(path, json=asked, headers=NO_WAIT)
    other = client.post(path, json={**asked, "target": 0}, headers=NO_WAIT)

    assert [first.status_code, second.status_code] == [202, 202]
    assert first.json()["id"] == second.json()["id"]
    assert int(first.headers["retry-after"]) > 0
    assert (job["kind"], job["state"]) == ("explanation", "done")
    assert (again.status_code, again.content) == (200, stored.content)
    assert other.json()["target"]["index"] == 0
    assert stored.json()["text"] == TEXT


def test_its_numbers_are_those_of_one_that_was_waited_for(tmp_path: Path) -> None:
    """Scores, key and history of two servers, of which one made a job of it."""
    found = []
    for folder, headers in ((tmp_path / "a", NO_WAIT), (tmp_path / "b", {})):
        app, _ = served(folder)
        with TestClient(app, base_url="http://localhost") as client:
            answer = client.post("/v1/panels", json=ALL, headers=headers)
            if answer.status_code == 202:
                execution(store(client)).run(answer.json()["id"])
                history = client.get("/v1/history").json()["entries"]
                answer = client.post("/v1/panels", json=ALL)
            else:
                history = client.get("/v1/history").json()["entries"]
            found.append((answer.json()["key"], [e["scores"] for e in answer.json()["explanations"]], len(history)))

    assert found[0] == found[1]
    assert found[0][2] == 1


def test_what_will_be_slow_is_a_job_from_the_start(tmp_path: Path) -> None:
    """Without a run in the engine of those who wait; a short text is answered at once."""
    app, engines = served(tmp_path, interactive_seconds=USUAL * 20)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        long = client.post("/panels", data={"model": "sentiment", "text": TEXT}, headers={"origin": "http://localhost"})
        short = client.post("/v1/panels", json={**ALL, "input": {"text": "good"}})

    assert (long.status_code, long.headers["location"][:8]) == (303, "/panels/")
    assert short.status_code == 200
    assert engines[0].asked == ["makepanel"]


def test_the_pages_lead_to_the_explanation(client: TestClient) -> None:
    """It arrives at its own address, and the job's page leads to it afterwards, without a script."""
    job = client.post("/v1/panels", json=ALL, headers=NO_WAIT).json()
    key = json.loads(store(client).query(partial(jobs.find, id=job["id"])).request)["key"]
    early = client.get(f"/panels/{key}")
    page = client.get(f"/jobs/{job['id']}")
    execution(store(client)).run(job["id"])
    late = client.get(f"/jobs/{job['id']}")

    assert early.status_code == 200
    assert f'data-arriving="/panels/{key}"' in early.text
    assert 'http-equiv="refresh"' in page.text
    assert f'data-job="/v1/jobs/{job["id"]}/events"' in page.text
    assert (late.status_code, late.headers["location"]) == (303, f"/panels/{key}")
    assert client.get(f"/panels/{key}").status_code == 200


def test_a_comparison_waits_for_both_sides(tmp_path: Path) -> None:
    """At its own address, which shows the side that is under way."""
    app, _ = served(tmp_path, interactive_seconds=0)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        form = {"model_a": "sentiment", "model_b": "sentiment", "text_a": "good film", "text_b": "bad film"}
        address = client.post("/compare", data=form, headers={"origin": "http://localhost"}).headers["location"]
        pages = [client.get(address).text]
        for id in waiting(client):
            execution(store(client)).run(id)
            pages.append(client.get(address).text)

    assert ["data-arriving=" in page for page in pages] == [True, True, False]
    assert "good film" in re.sub("<[^>]+>", "", pages[-1])


def test_it_can_be_cancelled_and_asked_for_again(client: TestClient) -> None:
    """Somebody who asks after that gets a job that runs; deleted, the text is gone with the job."""
    id = client.post("/v1/explanations", json=ONE, headers=NO_WAIT).json()["id"]
    cancelled = client.delete(f"/v1/jobs/{id}").json()
    again = client.post("/v1/explanations", json=ONE, headers=NO_WAIT).json()
    execution(store(client)).run(id)
    key = client.get(f"/v1/jobs/{id}").json()["result"]["key"]

    assert cancelled["state"] == "cancelled"
    assert (again["id"], again["state"]) == (id, "queued")
    assert client.delete(f"/v1/explanations/{key}").status_code == 204
    assert client.get(f"/v1/jobs/{id}").status_code == 404


@pytest.mark.parametrize("stops", [False, True])
def test_a_caller_who_goes_takes_the_job_along(client: TestClient, stops: bool) -> None:
    """Nobody would know of it. One whose server is being stopped comes back for it: the job stays."""
    services: Services = client.app.state.services  # type: ignore[attr-defined]
    asked = ExplanationRequest.model_validate_json(json.dumps(ONE))

    async def goes() -> None:
        slow = replace(services, settings=services.settings.model_copy(update={"interactive_seconds": 0.0}))
        task = asyncio.create_task(explanation_json(slow, asked, "default", wait=60))
        while not (await jobs_service.listing(services, "default")).jobs:
            await asyncio.sleep(0.01)
        if stops:
            services.stopping.set()
        task.cancel()
        await asyncio.wait({task})

    client.portal.call(goes)  # type: ignore[union-attr]

    (job,) = client.get("/v1/jobs").json()["jobs"]
    assert job["state"] == ("queued" if stops else "cancelled")


def test_an_attempt_after_a_deletion_is_new_work(client: TestClient) -> None:
    """Under the same id, but not the workflow that has ended."""
    from app.jobs.runner.durable import workflow_id

    found = []
    for _ in range(2):
        id = client.post("/v1/explanations", json=ONE, headers=NO_WAIT).json()["id"]
        found.append((id, workflow_id(store(client).query(partial(jobs.find, id=id)))))
        client.delete(f"/v1/jobs/{id}")

    assert found[0][0] == found[1][0]
    assert found[0][1] != found[1][1]


def test_why_it_failed_is_answered(client: TestClient) -> None:
    """As it would have been to somebody who waited; on the page too."""
    id = client.post("/v1/explanations", json=ONE, headers=NO_WAIT).json()["id"]
    run = execution(store(client), load=lambda name: other(name))
    run.run(id)

    assert client.get(f"/v1/jobs/{id}").json()["error"]["code"] == "conflict"
    assert "another model" in client.get(f"/jobs/{id}").text


def other(name: str) -> Any:
    from tests.served import linear

    model = linear(name)
    model.digest = "of something else"
    return model


def test_kserve_says_which_job_makes_it(client: TestClient) -> None:
    """That shape has no word for later: 503 with the job's address, and the result when asked again."""
    body = {"instances": [TEXT], "method": "leave-one-out"}
    first = client.post("/v1/models/sentiment:explain", json=body, headers=NO_WAIT)
    (id,) = waiting(client)
    execution(store(client)).run(id)
    again = client.post("/v1/models/sentiment:explain", json=body, headers=NO_WAIT)

    assert (first.status_code, first.json()["code"]) == (503, "still_running")
    assert f"/v1/jobs/{id}" in first.json()["detail"]
    assert again.status_code == 200
    assert len(again.json()["explanations"]) == 1


def test_the_client_follows_the_job(tmp_path: Path) -> None:
    """To the result, or to the error of the job."""
    app, _ = served(tmp_path, interactive_seconds=0, wait_seconds=0)
    with TestClient(app, base_url="http://localhost") as client:

        def runner(_: float) -> None:
            for id in waiting(client):
                execution(store(client)).run(id)

        whence = Client("http://localhost", sleep=runner)
        whence._http = client  # type: ignore[assignment]
        found = whence.explain(TEXT, method="leave-one-out", target=0)
        whole = whence.panel(TEXT, methods=["leave-one-out"])
        whence._sleep = lambda _: [client.delete(f"/v1/jobs/{id}") for id in waiting(client)]  # type: ignore[assignment,return-value]
        with pytest.raises(ClientError) as caught:
            whence.explain("other " + TEXT, method="leave-one-out")

    assert (found.target.index, found.text) == (0, TEXT)
    assert whole.explanations[0].method.name == "leave-one-out"
    assert caught.value.code == "cancelled"


def test_a_job_is_paid_for(tmp_path: Path) -> None:
    """Where there are log-ins: not to wait is no way around the budget."""
    key = made(tmp_path, scopes=[Scope.EXPLAIN])
    assert isinstance(key, keys.NewKey)
    app, _ = served(tmp_path, auth="apikey", budget=1000)
    with TestClient(app, base_url="https://localhost", headers={"authorization": f"Bearer {key.secret}"}) as client:
        bodies = [{**ONE, "input": {"text": f"{TEXT} {n}"}} for n in range(2)]
        answers = [client.post("/v1/explanations", json=body, headers=NO_WAIT) for body in bodies]

    assert [answer.status_code for answer in answers] == [202, 429]


def test_the_pace_is_learned() -> None:
    """From 100 tokens in 10 s: 1,000 tokens take 100 s, with half the budget half of that; others stay as they are."""
    pace = Pace()
    asked = Question.about(text="a" * 392)  # 98 tokens and 2 special ones
    before = pace.seconds("m", "shap", asked)
    pace.learn("m", "shap", asked, seconds=10)
    long = Question.about(text="a" * 3992)

    assert before == pytest.approx(100 * USUAL)
    assert pace.seconds("m", "shap", long) == pytest.approx(100)
    assert pace.seconds("m", "shap", long.model_copy(update={"budget": 256})) == pytest.approx(50)
    assert pace.seconds("m", "panel", asked) == pytest.approx(before)
