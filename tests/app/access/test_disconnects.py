"""A caller who goes away leaves the engine free within a second, whatever was asked."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from explainers.testing import LinearModel
from tests.served import LocalEngine, linear, served

FREE_WITHIN = 1.0  # seconds
TEXT = " ".join(f"word{k}" for k in range(14))
JSON = "application/json"
QUESTIONS = {
    "/v1/explanations": (JSON, {"model": "slow", "input": {"text": TEXT}, "method": "shap", "budget": 16384}),
    "/v1/panels": (JSON, {"model": "slow", "input": {"text": TEXT}, "budget": 16384}),
    "/v1/models/slow:explain": (JSON, {"instances": [f"{TEXT} {k}" for k in range(8)]}),
}


def slow(name: str) -> LinearModel:
    """A fifth of a second a batch."""
    model = linear(name)
    outputs = model.outputs

    def late(*arguments: Any, **named: Any) -> Any:
        time.sleep(0.2)
        return outputs(*arguments, **named)

    model.outputs = late  # type: ignore[method-assign]
    return model


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[LocalEngine]]]:
    app, engines = served(Path(tmp_path_factory.mktemp("data")), load=slow, names=("slow",))
    found = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=found.run, daemon=True)
    thread.start()
    until(lambda: found.started)
    yield found.servers[0].sockets[0].getsockname()[1], engines
    found.should_exit = True
    thread.join(10)


def until(happened: Any, seconds: float = 60.0) -> float:
    """How long it took."""
    started = time.monotonic()
    while not happened():
        assert time.monotonic() - started < seconds
        time.sleep(0.005)
    return time.monotonic() - started


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_question_whose_caller_has_gone_is_dropped(server: tuple[int, list[LocalEngine]], path: str) -> None:
    """Between two batches: nobody waits for its answer any more."""
    port, engines = server
    media, body = QUESTIONS[path]
    sent = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nContent-Length: {len(sent)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + sent)
        until(lambda: engines[0].work.busy_since is not None)
        time.sleep(0.15)  # in the middle of it
        assert engines[0].waiting > 0

    # A second more: what is asked lasts far longer than that.
    assert until(lambda: engines[0].waiting == 0) < FREE_WITHIN
