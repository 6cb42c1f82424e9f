"""The OpenAPI document is complete and true: its examples run, and generated requests get the answers it declares."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis import GenerationMode, checks
from starlette.testclient import TestClient

from tests.served import served

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))  # of each operation, right and wrong; make fuzz takes more
EACH = settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="module")
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def api_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server on a real socket, with answers that are known."""
    app, _ = served(Path(tmp_path_factory.mktemp("data")))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield schemathesis.openapi.from_url(f"http://127.0.0.1:{port}/openapi.json")
    server.should_exit = True
    thread.join(5)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """By the OpenAPI schema itself."""
    validate(document)


def test_every_error_is_a_declared_problem(document: dict[str, Any]) -> None:
    """And every route says what a wrong host and an unforeseen error look like."""
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (path, method, status)
            if status in ("429", "503"):
                assert "Retry-After" in answer["headers"]
        assert {"400", "500"} <= set(operation["responses"]), (path, method)


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    """Somebody who reads the document can copy a request."""
    for path, method, operation in operations(document):
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]
            assert any(each.get("examples") for each in content.values()), (path, method)


def test_every_example_runs(client: TestClient, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With the default model each gets a success; a folder that is not there gets its problem."""
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        asked = operation["requestBody"]["content"].get("application/json", {})
        for name, example in asked.get("examples", {}).items():
            key = client.post("/v1/explanations", json=FIRST).json()["key"]
            address = path.replace("{model}", "sentiment").replace("{key}", key)
            answer = client.request(method, address, json=example["value"])
            expected = REFUSED.get(path, int(min(operation["responses"])))
            assert answer.status_code == expected, (path, name, answer.text)


REFUSED = {  # no such folder, data set or audit
    "/v1/models": 422,
    "/v1/datasets/{id}/predictions": 404,
    "/v1/trainings": 404,
    "/v1/audits/{id}/reviews": 404,
    "/v1/generations": 422,  # no language model is served here
    "/v1/changes": 422,  # nor a second classifier
    "/v1/datasets/{id}/slices": 404,
    "/v1/datasets/{id}/marks": 404,
    "/v1/datasets/{id}/versions": 404,
    "/v1/datasets/{id}/workbench/explanations": 404,
    "/v1/datasets/{id}/variants": 404,
    "/v1/datasets/{id}/meaning": 404,
    "/v1/datasets/{id}/meaning/search": 404,
    "/v1/taught": 404,
}
FIRST = {"model": "sentiment", "input": {"text": "a good film"}, "method": "leave-one-out"}
CHECKS = (
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
)


def test_generated_requests_get_what_is_declared(api_schema: Any) -> None:
    """Values of every kind, right and wrong: a declared status, its schema and media type, and never a 500."""
    tried: list[str] = []
    for found in api_schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        @EACH
        def right(case: Any) -> None:
            tried.append(case.path)
            case.call_and_validate(timeout=20, checks=CHECKS)

        @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
        @EACH
        def wrong(case: Any) -> None:
            tried.append(case.path)
            answer = case.call(timeout=20)
            refused = () if answer.status_code == 413 else (checks.negative_data_rejection,)
            case.validate_response(answer, checks=(*CHECKS, *refused))

        right()
        if operation.body or operation.query:
            wrong()

    print(f"{len(tried)} generated requests")
    assert len(tried) >= 40 * EXAMPLES
