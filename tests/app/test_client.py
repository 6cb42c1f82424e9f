"""The typed client against a server whose answers are written down here."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import pytest

from app.client import Client, ClientError
from app.explain.draw.export import to_record
from tests.samples import attribution

Handler = Callable[[httpx2.Request], httpx2.Response]


def client(handler: Handler, **options: Any) -> Client:
    return Client("http://whence.test", transport=httpx2.MockTransport(handler), **options)


def explanation() -> dict[str, Any]:
    found = attribution("good bad")
    return {**to_record(found), "key": "k1", "target": {"index": 1, "label": "positive"}, "arrays": []}


def problem(status: int, code: str, **headers: str) -> httpx2.Response:
    body = {"type": "about:blank", "status": status, "code": code, "detail": "why", "cure": "do this"}
    return httpx2.Response(status, json=body, headers={"Content-Type": "application/problem+json", **headers})


def test_an_explanation_comes_back_typed() -> None:
    """The client sends what was given and nothing else, and returns the Attribution with its key."""
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append((request.method, request.url.path, json.loads(request.content)))
        return httpx2.Response(200, json=explanation())

    with client(answer) as whence:
        found = whence.explain("good bad", "tiny", method="shap", target="positive", seed=3, options={"error": 0.1})

    sent = {"model": "tiny", "input": {"text": "good bad"}, "target": "positive", "seed": 3, "method": "shap"}
    assert asked == [("POST", "/v1/explanations", {**sent, "options": {"error": 0.1}})]
    assert found.key == "k1"
    assert found.scores is not None
    assert found.scores[1].tolist() == [2.0, 1.0]
    assert found.residual == [0.0, 0.0]


def test_a_problem_document_becomes_an_error_with_its_code() -> None:
    """A program compares the code; a person reads the detail and the cure."""
    with client(lambda _: problem(422, "unknown_model")) as whence, pytest.raises(ClientError) as caught:
        whence.predict("x", "nope")

    assert (caught.value.status, caught.value.code, caught.value.detail) == (422, "unknown_model", "why")
    assert caught.value.cure == "do this"
    assert caught.value.retry_after is None


def test_a_server_that_loads_is_asked_again() -> None:
    """503 with Retry-After means: come back; the pauses are those that the server named."""
    answers = [problem(503, "loading", **{"Retry-After": "2"}), problem(503, "loading", **{"Retry-After": "1"})]
    answers.append(httpx2.Response(200, json={"models": []}))
    pauses: list[float] = []

    with client(lambda _: answers.pop(0), sleep=pauses.append) as whence:
        assert whence.models() == ()

    assert pauses == [2.0, 1.0]


def test_patience_ends() -> None:
    """A server that is never ready is not asked for ever: 3 pauses of 3 seconds fit into 10."""
    pauses: list[float] = []
    loading = problem(503, "loading", **{"Retry-After": "3"})

    with client(lambda _: loading, sleep=pauses.append, patience=10) as whence, pytest.raises(ClientError) as caught:
        whence.models()

    assert pauses == [3.0, 3.0, 3.0]
    assert (caught.value.code, caught.value.retry_after) == ("loading", 3.0)


def test_retry_after_zero_still_pauses() -> None:
    """A server that says 0 must not be asked in a tight loop."""
    pauses: list[float] = []
    busy = problem(503, "still_running", **{"Retry-After": "0"})

    with client(lambda _: busy, sleep=pauses.append, patience=1) as whence, pytest.raises(ClientError):
        whence.models()

    assert 1 <= len(pauses) <= 5


def test_retry_after_may_be_a_date() -> None:
    """RFC 9110 allows both forms."""
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    answers = [problem(503, "loading", **{"Retry-After": when}), httpx2.Response(200, json={"models": []})]
    pauses: list[float] = []

    with client(lambda _: answers.pop(0), sleep=pauses.append) as whence:
        whence.models()

    assert 15 < pauses[0] <= 20


@pytest.mark.parametrize("status", [422, 429, 500, 503])
def test_other_errors_are_not_repeated(status: int) -> None:
    """A mistake stays one, a full queue is the caller's decision, a 503 without a time has no end."""
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        return problem(status, "x", **({"Retry-After": "1"} if status == 429 else {}))

    with client(answer, sleep=lambda _: None) as whence, pytest.raises(ClientError):
        whence.models()

    assert len(asked) == 1


def test_a_server_that_is_not_there_says_where_it_was_sought() -> None:
    """A refused connection is a ClientError too, with status 0."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with client(refuse) as whence, pytest.raises(ClientError, match=r"whence\.test") as caught:
        whence.models()

    assert (caught.value.status, caught.value.code) == (0, "unreachable")


def test_an_answer_that_is_no_problem_document_is_an_error_all_the_same() -> None:
    """A proxy in between answers HTML."""
    with (
        client(lambda _: httpx2.Response(502, text="<html>bad gateway</html>")) as whence,
        pytest.raises(ClientError) as caught,
    ):
        whence.models()

    assert (caught.value.status, caught.value.code) == (502, "http_502")
