"""Every kind of bad input gets a 4xx that names the value and what to do, and no kind gets a 500 or a hang."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.guard.bodies import BESIDE, PER_INPUT
from tests.served import served

GOOD = {"model": "sentiment", "input": {"text": "a good film"}, "method": "leave-one-out"}
JSON = {"content-type": "application/json"}
UNEXPLAINABLE = {
    "empty": "",
    "white space": " \n\t ",
    "ideographic space": "\u3000",
    "NUL": "a\x00b",
    "too long": "x" * 20_001,
}
EXPLAINABLE = {
    "1 character": "x",
    "emoji with joiners": "👩‍👩‍👧‍👦 😀👍🏽",
    "Chinese": "这部电影很好看",
    "Arabic": "فيلم جيد جدا",
    "combining marks": "e\u0301 n\u0303 a\u0323\u0308",
    "markup": "<script>alert(1)</script></script>",
    "line breaks": "good\r\nfilm\r",
}
# changes to a good request → what the answer must name
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown model": ({"model": "nope"}, "sentiment"),
    "unknown class": ({"target": "maybe"}, "yes"),
    "class index out of range": ({"target": 2}, "1 'yes'"),
    "negative class index": ({"target": -1}, "0 'no'"),
    "unknown method": ({"method": "magic"}, "leave-one-out"),
    "unknown option": ({"options": {"depth": 3}}, "depth"),
    "method the model does not offer": ({"method": "integrated-gradients"}, "gradients"),
    "unknown value": ({"value": "loudness"}, "log-odds"),
    "value of another head": ({"value": "output"}, "log-odds"),
    "unknown baseline": ({"baseline": "silence"}, "mask"),
    "baseline the model lacks": ({"baseline": "zero"}, "mask"),
    "unknown players": ({"players": "syllable"}, "word"),
    "budget too small": ({"budget": 15}, "16"),
    "budget too large": ({"budget": 65537}, "65536"),
    "negative seed": ({"seed": -1}, "0"),
    "seed out of range": ({"seed": 2**32}, "4294967295"),
    "text of a wrong type": ({"input": {"text": 3}}, "string"),
    "input of a wrong type": ({"input": "a good film"}, "input"),
    "options of a wrong type": ({"options": [1]}, "options"),
    "budget as a string": ({"budget": "64"}, "integer"),
    "seed as a boolean": ({"seed": True}, "integer"),
    "unknown field": ({"colour": "red"}, "colour"),
    "null method": ({"method": None}, "method"),
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(Path(tmp_path_factory.mktemp("data")))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def problem_of(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["cure"]
    assert problem["instance"] == answer.headers["x-request-id"]
    return problem


@pytest.mark.parametrize("text", UNEXPLAINABLE.values(), ids=UNEXPLAINABLE)
def test_a_text_that_cannot_be_explained_is_refused_everywhere(client: TestClient, text: str) -> None:
    """Predictions, explanations, panels and both KServe routes say the same."""
    bodies = {
        "/v1/predictions": {"model": "sentiment", "inputs": [{"text": text}]},
        "/v1/explanations": {**GOOD, "input": {"text": text}},
        "/v1/panels": {"model": "sentiment", "input": {"text": text}},
        "/v1/models/sentiment:predict": {"instances": [text]},
        "/v1/models/sentiment:explain": {"instances": [text]},
    }

    for path, body in bodies.items():
        assert "text" in problem_of(client.post(path, json=body), 422)["detail"].lower() or "instances" in path + str(
            body
        )


@pytest.mark.parametrize("text", EXPLAINABLE.values(), ids=EXPLAINABLE)
def test_every_other_text_is_explained_as_it_is(client: TestClient, text: str) -> None:
    """Offsets cut the features out of the text that was sent."""
    found = client.post("/v1/explanations", json={**GOOD, "input": {"text": text}}).json()

    assert found["text"] == text
    assert all(text[each["start"] : each["end"]] == each["text"] for each in found["features"])


def test_a_long_text_is_explained_or_refused_with_a_cure(client: TestClient) -> None:
    """10,000 words are over the limit of characters."""
    answer = client.post("/v1/predictions", json={"model": "sentiment", "inputs": [{"text": "word " * 10_000}]})

    assert "20000" in problem_of(answer, 422)["detail"]


@pytest.mark.parametrize(("change", "named"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_value_is_named_with_what_is_allowed(client: TestClient, change: dict[str, Any], named: str) -> None:
    """422, and the detail holds the value's place or its alternatives."""
    problem = problem_of(client.post("/v1/explanations", json={**GOOD, **change}), 422)

    assert named in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        rb'{"model":"sentiment","input":{"text":"a \ud800 b"},"method":"leave-one-out"}',
        rb'{"model":"\udfff","input":{"text":"a"},"method":"leave-one-out"}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","target":"\ud83d"}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","options":{"\ud800":1}}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","\ud800":1}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","seed":NaN}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","options":{"x":[Infinity]}}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","budget":1e400}',
        rb'{"model":"sentiment","input":{"text":"a"},"method":"leave-one-out","seed":' + b"9" * 5000 + b"}",
        b'{"model":"sentiment","input":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b"",
        b"null",
        b"[]",
        b'{"model": ',
        b"\xff\xfe\x00",
        b"text=a",
    ],
)
def test_what_is_not_a_question_is_a_4xx(client: TestClient, body: bytes) -> None:
    """Lone surrogates, NaN, numbers out of range, endless nesting, broken JSON, other encodings."""
    for path in ("/v1/explanations", "/v1/panels", "/v1/predictions", "/v1/models", "/v1/models/sentiment:predict"):
        answer = client.post(path, content=body, headers=JSON)

        assert answer.status_code in (400, 422), (path, answer.text)
        problem_of(answer, answer.status_code)


def test_a_body_over_the_limit_is_413(client: TestClient) -> None:
    """With a declared length it is not read; without one the reading stops at the limit."""
    large = b"x" * (PER_INPUT + BESIDE + 1)

    def chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 10_000):
            yield large[start : start + 10_000]

    problem_of(client.post("/v1/generations", content=large, headers=JSON), 413)
    problem_of(client.post("/v1/generations", content=chunks(), headers=JSON), 413)


def test_too_many_inputs_are_refused(client: TestClient) -> None:
    """64 at most, and at least one."""
    for count in (0, 65):
        body = {"model": "sentiment", "inputs": [{"text": "good"}] * count}
        assert "inputs" in problem_of(client.post("/v1/predictions", json=body), 422)["detail"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/explanations/" + "0" * 64, 404),
        ("GET", "/v1/explanations/..%2f..%2fetc%2fpasswd", 404),
        ("GET", "/v1/explanations/%00", 404),
        ("GET", "/v1/panels/nope", 404),
        ("GET", "/v1/models/nope", 404),
        ("POST", "/v1/models/nope:predict", 404),
        ("GET", "/v1/explanations/" + "0" * 64 + "/arrays/relations", 404),
        ("PUT", "/v1/models", 405),
        ("GET", "/v1/predictions", 405),
        ("DELETE", "/v1/models/sentiment", 409),
    ],
)
def test_wrong_addresses_are_problems_too(client: TestClient, method: str, path: str, status: int) -> None:
    """404, 405 and 409 have the same shape as every other error."""
    problem_of(client.request(method, path, json={"instances": ["a"]} if method == "POST" else None), status)


def test_a_folder_outside_the_roots_is_refused(client: TestClient) -> None:
    """Without allowed roots no folder is looked at."""
    for path in ("/etc", "../..", "a\x00b", "~"):
        problem_of(client.post("/v1/models", json={"path": path}), 422)


def test_an_unforeseen_error_hides_its_details(tmp_path: Path) -> None:
    """A 500 has the request id and the usual headers, and nothing of the message."""
    app, _ = served(tmp_path)

    @app.get("/v1/breaks")
    async def breaks() -> None:
        raise RuntimeError("secret text of a user")

    with TestClient(app, base_url="http://localhost", raise_server_exceptions=False) as client:
        answer = client.get("/v1/breaks")

    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers
    problem_of(answer, 500)
