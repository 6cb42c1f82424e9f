"""whence taught: the question is sent, waited for, and its answer shown; what the server refuses is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from app import client as clients
from app.cli import main

JOB: dict[str, Any] = {
    "id": "5e" * 16, "kind": "taught", "title": "Reviews", "state": "done", "priority": 1, "attempt": 1, "version": 3,
    "shards": 1, "done": 1, "progress": 1.0, "created": "2026-11-30T09:00:00Z",
}  # fmt: skip
TEXT = {"text": "no [refund]\x1b[31m", "label": "no", "influence": 0.02, "share": 0.5, "row": 4, "shared": ["refund"]}
ANSWER = {
    "model": "reviews", "dataset": "d", "text": "a refund", "target": "no", "probability": 0.83, "texts": 300,
    "epochs": 3, "raised": [TEXT], "lowered": [],
    "left_out": {"texts": 10, "before": 0.83, "without": 0.31, "drawn": 0.8, "predicted_without": "yes",
                 "foretold": 0.02, "measured": 0.98},
}  # fmt: skip


@pytest.fixture
def whence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def answer(request: httpx2.Request) -> httpx2.Response:
        asked = json.loads(request.content) if request.content else {}
        if asked.get("model") == "elsewhere":
            problem = {"detail": "elsewhere was not trained here", "code": "bad_request", "cure": "Ask another."}
            return httpx2.Response(422, json=problem, headers={"Content-Type": "application/problem+json"})
        if request.method == "POST":
            assert asked == {"model": "reviews", "text": "a refund", "target": "no", "leave_out": 10, "seed": 0}
        found = {"job": JOB, "taught": ANSWER} if request.url.path.startswith("/v1/taught/") else JOB
        return httpx2.Response(200, json=found)

    monkeypatch.setattr(clients.httpx2, "Client", _client(answer))

    def run(*given: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["taught", *given])
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return run


def _client(answer: Callable[[httpx2.Request], httpx2.Response]) -> Callable[..., httpx2.Client]:
    made = httpx2.Client
    return lambda **given: made(**{**given, "transport": httpx2.MockTransport(answer)})


def test_the_answer_is_shown_with_its_check(whence: Callable[..., tuple[int, str, str]]) -> None:
    """Texts as they are, without what a terminal would obey; JSON is the answer of the server."""
    code, out, _ = whence("reviews", "a refund", "--class", "no", "--leave-out", "10")

    assert code == 0
    assert "reviews says 'no', 0.830" in out
    assert "no [refund]" in out
    assert "\x1b[31m" not in out
    assert "+0.0200" in out
    assert "without the 10 texts that raised it most: 0.310 instead of 0.830" in out
    told = json.loads(whence("reviews", "a refund", "--class", "no", "--leave-out", "10", "--json")[1])
    assert told["raised"][0]["row"] == 4


def test_what_the_server_refuses_is_told(whence: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = whence("elsewhere", "a refund")

    assert code == 2
    assert "elsewhere was not trained here" in err
    assert "Ask another." in err
