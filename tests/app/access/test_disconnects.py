"""A caller who goes away leaves the engine free after the batch in hand, whatever was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from explainers.testing import LinearModel
from tests.served import LocalEngine, served

PATIENCE = 60.0  # seconds on a busy machine
TEXT = " ".join(f"word{k}" for k in range(14))
JSON = "application/json"
QUESTIONS = {
    "/v1/explanations": (JSON, {"model": "gated", "input": {"text": TEXT}, "method": "shap", "budget": 16384}),
    "/v1/panels": (JSON, {"model": "gated", "input": {"text": TEXT}, "budget": 16384}),
    "/v1/models/gated:explain": (JSON, {"instances": [f"{TEXT} {k}" for k in range(8)]}),
}


class Gated(LinearModel):
    """A model whose batches wait for a gate."""

    def __init__(self) -> None:
        super().__init__({})
        self.id = self.digest = "gated"
        self.gate, self.batches = threading.Event(), 0
        self.gate.set()  # it is tried when it is loaded

    def outputs(self, *arguments: Any, **named: Any) -> Any:
        self.batches += 1
        assert self.gate.wait(PATIENCE)
        return super().outputs(*arguments, **named)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, LocalEngine, Gated]]:
    model = Gated()
    app, engines = served(Path(tmp_path_factory.mktemp("data")), load=lambda name: model, names=("gated",))
    found = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=found.run, daemon=True)
    thread.start()
    until(lambda: found.started)
    yield found.servers[0].sockets[0].getsockname()[1], engines[0], model
    found.should_exit = True
    thread.join(10)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_question_whose_caller_has_gone_is_dropped(server: tuple[int, LocalEngine, Gated], path: str) -> None:
    """Between two batches: the one in hand is the last, since nobody waits for its answer any more."""
    port, engine, model = server
    media, body = QUESTIONS[path]
    sent = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nContent-Length: {len(sent)}\r\n\r\n"
    model.batches = 0
    model.gate.clear()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + sent)
        until(lambda: model.batches == 1)  # in the middle of it
    until(lambda: all(job.stopped.is_set() for job in engine.jobs))
    model.gate.set()

    until(lambda: engine.waiting == 0)
    assert model.batches == 1
    assert all(job.stopped.is_set() for job in engine.jobs)  # none was begun after
