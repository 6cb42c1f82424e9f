"""A training as a job: from an uploaded file to a served model, also when the runner is killed in the middle."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from starlette.testclient import TestClient

from app.jobs.runner.execution import Execution
from app.jobs.runner.work import Work
from app.store import models
from app.store.database import Store
from app.train.kind import _hear
from explainers.models.folders import wheels
from tests.app.jobs.inline import execution
from tests.app.train.test_train_loop import needs_base_weights
from tests.processes import Server, children, wait_for
from tests.served import served

GOOD, BAD = ("lovely", "charming", "warm", "funny"), ("dull", "clumsy", "cold", "boring")
RECIPE = {"epochs": 4, "tokens_per_batch": 512, "maximum_length": 32, "rank": 4, "alpha": 8, "learning_rate": 0.01}
FORM = {"origin": "http://localhost"}


def labelled(count: int = 300) -> bytes:
    """Which of eight words is in a sentence decides its label."""
    drawn = random.Random(1)
    lines = ["text,label,part"]
    for number in range(count):
        words, label = (GOOD, "praise") if number % 2 else (BAD, "blame")
        place = drawn.choice(("film", "book", "play", "song"))
        part = ("train", "dev", "test")[number % 3]
        lines.append(f"the {place} number {number} was {drawn.choice(words)},{label},{part}")
    return "\n".join(lines).encode()


@needs_base_weights
@pytest.mark.timeout(1500)
def test_a_killed_runner_goes_on_behind_the_last_finished_epoch(tmp_path: Path) -> None:
    """With `whence serve` itself: every epoch once; the model is served, has learned the words, and has its card."""
    server = Server(tmp_path / "data").start()
    try:
        wait_for(lambda: (found := server.get("/livez")) is not None and found.status_code == 200)
        sent = server.http.post(
            "/v1/datasets", params={"name": "r.csv", "text": "text", "label": "label"}, content=labelled()
        )
        dataset = sent.headers["location"]
        wait_for(lambda: server.http.get(dataset).json()["status"] == "ready")
        body = {"name": "words", "title": "Two words", "dataset": dataset.rpartition("/")[2], "recipe": RECIPE}
        id = server.http.post("/v1/trainings", json=body).json()["id"]
        wait_for(lambda: (server.job(id)["result"] or {}).get("epochs"), seconds=600)
        server.kill("runner")
        job = server.finished(id)
        card = wait_for(lambda: _card(server.http, job["result"]["model"]))
        asked = {"model": job["result"]["model"], "inputs": [{"text": f"the song was {w}"} for w in (*GOOD, *BAD)]}
        said = server.http.post("/v1/predictions", json=asked).json()["predictions"]
        begun = server.shards_begun()[id, 0]
    finally:
        server.close()

    assert begun == 2
    assert [epoch["epoch"] for epoch in job["result"]["epochs"]] == [1, 2, 3, 4]
    assert job["result"]["epochs"][-1]["dev"] > 0.9
    assert [each["classes"][0]["label"] for each in said] == ["praise"] * 4 + ["blame"] * 4
    assert (card["title"], card["labels"], card["seed"]) == ("Two words", ["blame", "praise"], 0)
    assert {figure["name"]: figure["metric"] for figure in card["figures"]} == {"dev": "accuracy", "test": "accuracy"}
    assert all(figure["value"] > 0.9 for figure in card["figures"])


def _card(http: httpx2.Client, model: str) -> Any:
    found = http.get(f"/v1/models/{model}").json()
    return found["card"] if found.get("ready") else None


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def uploaded(client: TestClient, content: bytes, **params: Any) -> str:
    sent = client.post(
        "/v1/datasets", content=content, params={"name": "r.csv", "text": "text", "label": "label", **params}
    )
    run = execution(client.app.state.services.store)  # type: ignore[attr-defined]
    run.run(client.get(sent.headers["location"]).json()["job"])
    return str(sent.headers["location"].rpartition("/")[2])


@needs_base_weights
@pytest.mark.timeout(1200)
def test_a_stopped_training_goes_on_and_is_what_it_would_have_been(client: TestClient, tmp_path: Path) -> None:
    """Cancelled after its first epoch and tried again, its weights are those of one that ran through, to the bit."""
    dataset = uploaded(client, labelled(120), groups="part")
    asked = {"name": "words", "dataset": dataset, "split": "part", "recipe": {**RECIPE, "epochs": 2}}
    store = client.app.state.services.store  # type: ignore[attr-defined]
    cards = []
    for stops in (True, False):
        id = client.post("/v1/trainings", json=asked, headers={"Idempotency-Key": str(stops)}).json()["id"]
        if stops:
            _stopped_after_an_epoch(client, _running(store, tmp_path / str(stops)), id)
            client.post(f"/v1/jobs/{id}/retry")
        _running(store, tmp_path / str(stops)).run(id)
        job = client.get(f"/v1/jobs/{id}").json()
        assert job["state"] == "done", job
        (folder,) = (tmp_path / str(stops) / "models").iterdir()
        cards.append(json.loads((folder / "card.json").read_text()))
        assert str(folder) in client.portal.call(models.paths, store)  # type: ignore[union-attr]
        page = client.get(f"/jobs/{id}").text

    assert [epoch["epoch"] for epoch in job["result"]["epochs"]] == [1, 2]
    assert "Loss on what is learned from" in page
    assert cards[0]["adapter"] == cards[1]["adapter"]
    assert cards[0]["figures"] == cards[1]["figures"]
    assert not [pid for pid in children(os.getpid()) if "train.process" in _line(pid)]


@pytest.mark.timeout(600)
def test_a_training_learns_the_language_first_and_goes_on_from_within(client: TestClient, tmp_path: Path) -> None:
    """Stopped after one epoch of the pre-training and tried again: the curve goes on, then the fit."""
    small = {
        "start": "scratch",
        "vocabulary": 150,
        "layers": 1,
        "width": 16,
        "heads": 2,
        "epochs": 2,
        "learning_rate": 0.01,
    }
    recipe = {"epochs": 1, "maximum_length": 16, "tokens_per_batch": 512}
    asked = {
        "name": "own",
        "dataset": uploaded(client, labelled(120)),
        "method": "full",
        "pretrain": small,
        "recipe": recipe,
    }
    id = client.post("/v1/trainings", json=asked).json()["id"]
    store = client.app.state.services.store  # type: ignore[attr-defined]
    told = Work.so_far

    def stop(work: Work, result: Any) -> None:
        told(work, result)
        if len(result["pretraining"]) == 2:  # that before the first epoch, and the first
            work.stopped.set()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Work, "so_far", stop)
        _running(store, tmp_path / "own").run(id)
    stopped = client.get(f"/v1/jobs/{id}").json()
    client.post(f"/v1/jobs/{id}/retry")
    _running(store, tmp_path / "own").run(id)
    job = client.get(f"/v1/jobs/{id}").json()

    assert stopped["state"] == "cancelled"
    assert job["state"] == "done", job
    curve = job["result"]["pretraining"]
    assert curve[:2] == stopped["result"]["pretraining"]
    assert [each["epoch"] for each in curve] == [0, 1, 2]
    assert curve[2]["perplexity"] < curve[0]["perplexity"]
    assert [each["epoch"] for each in job["result"]["epochs"]] == [1]
    assert "Perplexity" in client.get(f"/jobs/{id}").text


def _running(store: Store, data: Path) -> Execution:
    """A runner whose models lie in a data folder of its own."""
    data.mkdir(exist_ok=True)
    run = execution(store, load=None)
    run.data = data
    return run


def _stopped_after_an_epoch(client: TestClient, run: Any, id: str) -> None:
    """Asked to stop as soon as the job tells of its first one."""
    told = Work.so_far

    def stop(work: Work, result: Any) -> None:
        told(work, result)
        work.stopped.set()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Work, "so_far", stop)
        run.run(id)
    found = client.get(f"/v1/jobs/{id}").json()
    assert (found["state"], len(found["result"]["epochs"])) == ("cancelled", 1)


def _line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")


def _missing(name: str) -> Any:
    raise wheels.PackageNotFoundError(name)


def test_what_cannot_be_trained_is_refused_at_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """No labels, no such column, no such data set; the form keeps what was typed."""
    unlabelled = client.post("/v1/datasets", content=b"text\na\nb\n", params={"name": "u.csv"})
    execution(client.app.state.services.store).run(client.get(unlabelled.headers["location"]).json()["job"])  # type: ignore[attr-defined]
    without = unlabelled.headers["location"].rpartition("/")[2]
    dataset = uploaded(client, labelled(30))
    causal = {"pretrain": {"start": "scratch", "objective": "causal"}}
    wrong = [
        {"dataset": without},
        {"dataset": dataset, "split": "part"},
        {"dataset": "0" * 32},
        {"dataset": dataset, **causal},
        {"dataset": dataset, "base": "e5"},
    ]
    monkeypatch.setattr(wheels, "distribution", _missing)
    answers = [client.post("/v1/trainings", json={"name": "words", **fields}) for fields in wrong]
    typed = {"name": "words", "dataset": dataset, "epochs": "99", "title": "<b>kept</b>"}
    form = client.post("/train", data=typed, headers=FORM)
    good = client.post("/train", data={**typed, "epochs": "1"}, headers=FORM)

    assert [answer.status_code for answer in answers] == [422, 422, 404, 422, 422]
    assert 'method is "full"' in answers[3].text.replace("\\", "")
    assert "whence models fetch e5" in answers[4].text
    assert "has no column of labels" in answers[0].json()["detail"]
    assert form.status_code == 422
    assert "recipe.epochs" in form.text
    assert "&lt;b&gt;kept&lt;/b&gt;" in form.text
    assert (good.status_code, good.headers["location"][:6]) == (303, "/jobs/")
    assert dataset in client.get("/train").text
    assert without not in client.get("/train").text


def test_an_epoch_that_is_behind_has_its_weights(tmp_path: Path) -> None:
    """Killed between two files, the checkpoint is the one that is missing: the epoch is done again, and complete."""
    kept: list[str] = []

    class Stored:
        def keep(self, name: str, path: Path) -> None:
            kept.append(name)

        def so_far(self, result: Any) -> None:
            kept.append("result")

    for name in ("a.tar", "b.safetensors"):
        (tmp_path / name).touch()
    told = {"epoch": 2, "checkpoint": str(tmp_path / "a.tar"), "weights": str(tmp_path / "b.safetensors")}
    _hear(cast(Work, Stored()), [], [], "epoch", told)

    assert kept == ["weights-2.safetensors", "checkpoint.tar", "result"]
    assert told == {"epoch": 2}
