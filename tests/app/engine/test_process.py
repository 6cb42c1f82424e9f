"""The engine as a process of its own, with a real model: how it starts, fails, is stopped and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

import explainers
from app.engine.messages import Explain, Predict, Score
from app.main import create_app
from app.settings import Settings
from app.web.dependencies import Services
from tests.processes import PATIENCE, children, wait_for

ROOT = Path(__file__).parents[3]
MODEL = "toxicity"
LONG = "you are all so very kind to me and I will never in my life forget what you did for us that day " * 2


def engine_of(pid: int) -> int:
    """The engine process that a server has started."""

    def find() -> int | None:
        lines = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children(pid)}
        return next((child for child, line in lines.items() if b"engine.server" in line), None)

    found: int = wait_for(find)
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    os.environ["WHENCE_TEST_SECRET"] = "not for models"
    settings = Settings(data=tmp_path_factory.mktemp("data"), threads=1, interactive_seconds=1e9)  # never a job
    app = create_app(settings)
    with TestClient(app, base_url="http://localhost") as client:
        early = client.post("/v1/predictions", json={"model": MODEL, "inputs": [{"text": "hello"}]})
        client.early = early  # type: ignore[attr-defined]
        wait_for(lambda: MODEL in client.get("/readyz").json().get("models", ()))
        yield client
    del os.environ["WHENCE_TEST_SECRET"]


def test_many_texts_are_scored_by_the_engine_process(client: TestClient) -> None:
    """The logits of a list, in its order, are those of the predictions."""
    texts = ("hello", "you are kind", "hello")

    asked_of = client.app.state.services.engine.ask  # type: ignore[attr-defined]
    found = client.portal.call(asked_of, Score(model=MODEL, texts=texts))  # type: ignore[union-attr]
    first = predicted(client).json()["predictions"][0]["classes"]

    assert found.shape == (3, 2)
    assert found[0].tolist() == found[2].tolist()
    assert found[0] == pytest.approx([each["logit"] for each in sorted(first, key=lambda e: e["index"])], abs=1e-6)


def test_the_probe_says_once_jobs_are_run(client: TestClient) -> None:
    """The job runner tells the web process that it is at work."""
    wait_for(lambda: client.get("/readyz").json()["jobs"] == "running")

    assert client.get("/readyz").json()["jobs_reason"] is None


def predicted(client: TestClient) -> Any:
    return client.post("/v1/predictions", json={"model": MODEL, "inputs": [{"text": "hello"}]})


def asked(client: TestClient, work: Callable[[Services], Coroutine[Any, Any, Any]]) -> Any:
    """Runs on the server's own loop, where the connection to the engine lives."""
    services = client.app.state.services  # type: ignore[attr-defined]
    return client.portal.call(work, services)  # type: ignore[union-attr]


def test_the_server_answers_while_the_model_loads(client: TestClient) -> None:
    """With 503, how long to wait, and the reason."""
    early = client.early  # type: ignore[attr-defined]

    assert early.status_code == 503
    assert int(early.headers["retry-after"]) > 0
    assert "loading" in early.json()["detail"]


def test_the_engine_runs_without_secrets_and_offline(client: TestClient) -> None:
    """It gets an environment of its own, and its socket is for this user alone."""
    environment = Path(f"/proc/{engine_of(os.getpid())}/environ").read_bytes()

    assert b"HF_HUB_OFFLINE=1" in environment
    assert b"GOMP_SPINCOUNT=1000" in environment
    assert b"ONEDNN_PRIMITIVE_CACHE_CAPACITY=256" in environment
    assert b"not for models" not in environment


def test_a_killed_engine_fails_its_request_and_the_next_one_works(client: TestClient) -> None:
    """SIGKILL in the middle of a panel: a clear 503, then a restart that nobody has to ask for."""
    answers: list[Any] = []
    body = {"model": MODEL, "input": {"text": LONG}, "players": "word", "budget": 4096}
    asking = threading.Thread(target=lambda: answers.append(client.post("/v1/panels", json=body)))
    asking.start()
    before = engine_of(os.getpid())
    services: Services = client.app.state.services  # type: ignore[attr-defined]
    wait_for(lambda: services.engine._waiting)  # type: ignore[attr-defined]
    time.sleep(0.3)
    os.kill(before, signal.SIGKILL)
    asking.join(PATIENCE)

    assert answers[0].status_code == 503, answers[0].text
    assert answers[0].json()["code"] == "engine_died"
    assert answers[0].json()["cure"]
    assert int(answers[0].headers["retry-after"]) > 0
    wait_for(lambda: predicted(client).status_code == 200)  # a busy machine needs longer than a request waits
    assert engine_of(os.getpid()) != before


def test_a_prediction_does_not_wait_for_an_explanation(client: TestClient) -> None:
    """It is let in between two batches; the explanation then goes on to its end."""
    question = explainers.Question.about(text=LONG, budget=512, players="word")

    async def work(services: Services) -> tuple[bool, Any]:
        begun = asyncio.Event()
        long = asyncio.create_task(
            services.engine.ask(
                Explain(model=MODEL, question=question, method="shap"), progress=lambda done, note="": begun.set()
            )
        )
        await begun.wait()
        await services.engine.ask(Predict(model=MODEL, questions=(explainers.Question.about(text="hello"),)))
        return long.done(), await long

    first, explained = asked(client, work)
    assert first is False
    assert explained.method == "shap"


def test_work_of_a_caller_who_is_gone_is_stopped(client: TestClient) -> None:
    """Of an explanation of 65,536 rows few are made: the engine is free for the next question."""
    before = _rows_in(client.get("/metrics").text)
    question = explainers.Question.about(text=LONG, budget=65536, players="word")

    async def work(services: Services) -> None:
        begun = asyncio.Event()
        long = asyncio.create_task(
            services.engine.ask(
                Explain(model=MODEL, question=question, method="shap"), progress=lambda done, note="": begun.set()
            )
        )
        await begun.wait()
        assert not long.done()
        long.cancel()
        short = explainers.Question.about(text="hello")
        await services.engine.ask(Explain(model=MODEL, question=short, method="leave-one-out"))

    asked(client, work)
    assert _rows_in(client.get("/metrics").text) - before < 65536 / 4


def test_errors_of_the_library_keep_their_class(client: TestClient) -> None:
    """A text that the model cannot encode is the caller's mistake on this side of the socket too."""

    async def work(services: Services) -> Any:
        question = explainers.Question.about(text="a b", baseline="text", baseline_text="one two three four")
        with pytest.raises(explainers.BadInput):
            await services.engine.ask(Explain(model=MODEL, question=question, method="shap"))

    asked(client, work)


def test_attention_travels_and_keeps_its_shape(client: TestClient) -> None:
    """Layers x heads x tokens x tokens as tensors; one head as JSON; rows are shares."""
    body = {"model": MODEL, "input": {"text": "you are kind"}, "method": "attention"}
    found = client.post("/v1/explanations", json=body).json()
    path = f"/v1/explanations/{found['key']}/arrays/relations"
    head = client.get(path, params={"layer": 5, "head": 11}).json()
    tokens = len(found["tokens"])

    assert head["shape"] == [tokens, tokens]
    assert [sum(row) for row in head["values"]] == pytest.approx([1.0] * tokens, abs=2e-3)
    assert client.get(path, params={"layer": 6}).status_code == 422
    assert client.get(path, params={"head": 1}).status_code == 422


def test_the_engine_says_how_large_its_batches_are(client: TestClient) -> None:
    """Rows of each pass through the model, beside the figures of the web process."""
    before = _rows_in(client.get("/metrics").text)
    body = {"model": MODEL, "input": {"text": "a very kind one"}, "method": "leave-one-out"}
    assert client.post("/v1/explanations", json=body).status_code == 200
    found = client.get("/metrics").text

    assert _rows_in(found) - before >= 1 + 5  # the text; nothing of it, and each of its four words left out
    assert 'whence_engine_longest_stretch_seconds{priority="explanation"}' in found


def _rows_in(figures: str) -> float:
    return next(float(line.split()[1]) for line in figures.splitlines() if line.startswith("whence_batch_rows_sum "))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`whence` as it runs for a user: the process and its address. Its engine stands still from its first moments."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "WHENCE_DATA": str(tmp_path_factory.mktemp("data")), "WHENCE_THREADS": "1"}
    command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        try:
            return httpx2.get(f"{address}/livez").status_code == 200
        except httpx2.TransportError:
            return False

    engine = engine_of(process.pid)
    os.kill(engine, signal.SIGSTOP)
    wait_for(answers)
    yield process, address
    os.kill(engine, signal.SIGCONT)
    process.kill()
    process.wait()


def test_the_server_starts_without_its_engine_and_small(server: tuple[subprocess.Popen[bytes], str]) -> None:
    """It answers however long torch is being imported elsewhere, and stays small after its first answers."""
    process, address = server
    for path in ("/", "/v1/explainers", "/openapi.json", "/methods", "/models"):
        assert httpx2.get(address + path, timeout=60).status_code == 200
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())

    assert int(status["VmRSS"].split()[0]) < 150 * 1024


def test_the_engine_ends_with_its_server(server: tuple[subprocess.Popen[bytes], str]) -> None:
    """Even when the server is killed and can clean up nothing."""
    process, _ = server
    engine = engine_of(process.pid)
    os.kill(engine, signal.SIGCONT)
    process.kill()
    process.wait()

    wait_for(lambda: not alive(engine))
