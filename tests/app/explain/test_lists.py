"""Lists of what was done: narrowed, refused where a value means nothing, and how long a job runs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.jobs.schemas import JobOut
from app.store.job_states import State
from tests.served import served

NOW = datetime(2026, 11, 30, 9, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    with TestClient(app, base_url="http://localhost", headers={"Origin": "http://localhost"}) as client:
        for text in ("good film", "bad film"):
            body = {"model": "sentiment", "method": "shap", "input": {"text": text}}
            assert client.post("/v1/explanations", json=body).status_code == 200
        yield client


def test_the_history_is_narrowed_by_model_class_and_badge(client: TestClient) -> None:
    """Each entry is painted in small; filters stand in the address, and those of a search in its form."""
    listed = client.get("/v1/history").json()["entries"]
    page = client.get("/history").text
    label = listed[0]["label"]
    mine = [entry for entry in listed if entry["label"] == label]
    narrowed = client.get("/history", params={"model": "sentiment", "label": label}).text
    searched = client.post("/history/search", data={"search": "film", "label": label}).text
    badges = [
        client.get("/history", params={"badge": badge}).text.count('class="go" href')
        for badge in ("sound", "rough", "distrust")
    ]

    assert page.count('class="go" href') == len(listed) == 2
    assert page.count('class="heatmap mini') == 2
    assert narrowed.count('class="go" href') == searched.count('class="go" href') == len(mine)
    assert f'name="label" value="{label}"' in searched
    assert sum(badges) == 2


@pytest.mark.parametrize(
    "address",
    [
        "/history?model=nobody",
        "/history?label=maybe",
        "/history?badge=nice",
        "/jobs?show=all",
        "/?model=nobody",
        "/changes?before=nobody",
        "/checks?model=nobody",
        "/generate?model=nobody",
        *(f"/{each}?cursor=nowhere" for each in ("history", "jobs", "datasets", "audits", "changes", "checks", "log")),
        "/explanations/{key}?class=9",
        "/explanations/{key}?level=letter",
        "/explanations/{key}?scale=log",
    ],
)
def test_a_value_that_means_nothing_is_refused(client: TestClient, address: str) -> None:
    """Named, with what there is; what is ignored would look like an answer."""
    key = client.get("/v1/history").json()["entries"][0]["key"]
    answer = client.get(address.format(key=key), headers={"accept": "text/html"})

    assert answer.status_code == 422
    assert address.rpartition("=")[2] in answer.text


def test_pages_may_be_kept_for_back_where_nobody_else_looks(client: TestClient, tmp_path: Path) -> None:
    """On one's own machine; not where texts are to go after some days, and never what REST answers."""
    assert client.get("/history").headers["cache-control"] == "private, no-cache"
    assert client.get("/v1/history").headers["cache-control"] == "private, no-store"
    app, _ = served(tmp_path, retention_days=3)
    with TestClient(app, base_url="http://localhost") as other:
        assert other.get("/history").headers["cache-control"] == "private, no-store"


def test_a_job_says_how_long_it_runs_and_still_takes() -> None:
    """Nothing about its end before a twentieth is done."""

    def job(progress: float, state: State = State.RUNNING) -> JobOut:
        return JobOut(
            id="a" * 32, kind="audit", title="t", state=state, priority=1, attempt=1, version=1, shards=10, done=1,
            progress=progress, created=NOW, started=NOW,
            finished=NOW + timedelta(seconds=9) if state is State.DONE else None,
        )  # fmt: skip

    later = NOW + timedelta(seconds=30)
    assert (job(0.25).running(later), job(0.25).left(later)) == (30, 90)
    assert job(0.01).left(later) is None
    assert (job(1, State.DONE).running(later), job(1, State.DONE).left(later)) == (9, None)
