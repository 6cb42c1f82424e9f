"""What is compressed on the wire, for whom, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.web.rendering import static_address
from tests.served import served

GZIP = {"Accept": "text/html", "Accept-Encoding": "gzip"}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/methods", "/v1/explainers", "/openapi.json"])
def test_pages_and_json_are_compressed(client: TestClient, path: str) -> None:
    """For who takes it; caches are told."""
    packed = client.get(path, headers=GZIP)
    plain = client.get(path, headers=GZIP | {"Accept-Encoding": "identity"})

    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert int(packed.headers["content-length"]) < 0.6 * len(plain.content)
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_static_files_are_compressed_and_the_same(client: TestClient, coding: str, subtests: pytest.Subtests) -> None:
    """What a browser makes of it is what one that takes neither gets."""
    files = sorted(path.relative_to("static").as_posix() for path in Path("static").rglob("*.[cj]s*"))
    assert files
    for file in files:
        with subtests.test(file=file):
            packed = client.get(static_address(file), headers=GZIP | {"Accept-Encoding": coding})
            plain = client.get(static_address(file), headers={"Accept-Encoding": "identity"})

            assert packed.headers["content-encoding"] == coding
            assert packed.headers["content-type"] == plain.headers["content-type"]
            assert packed.headers["cache-control"] == plain.headers["cache-control"]
            assert "immutable" in packed.headers["cache-control"]
            assert packed.content == plain.content
            assert "content-encoding" not in plain.headers


@pytest.mark.parametrize(
    ("site", "packs"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_nobody_elsewhere_learns_from_lengths(client: TestClient, site: str, packs: bool) -> None:
    """A page of another site can make a browser ask with guesses; their answers have their full length (BREACH)."""
    answer = client.get("/methods", headers=GZIP | {"Sec-Fetch-Site": site})

    assert answer.status_code == 200
    assert ("content-encoding" in answer.headers) is packs


def test_events_are_not_held_back(client: TestClient) -> None:
    """Compressed, an event would wait for others."""
    body = {"model": "sentiment", "inputs": [{"text": "good"}]}
    job = client.post("/v1/batches", json=body).json()["id"]
    client.delete(f"/v1/jobs/{job}")
    answer = client.get(f"/v1/jobs/{job}/events", headers={"Accept-Encoding": "gzip"})

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-encoding" not in answer.headers


def test_a_static_file_can_only_be_read(client: TestClient) -> None:
    """Compressed or not."""
    assert client.post(static_address("js/main.js"), headers=GZIP).status_code == 405


def test_no_file_beside_the_static_ones(client: TestClient) -> None:
    """Compressed or not."""
    assert client.get(static_address("../pyproject.toml"), headers=GZIP).status_code == 404
    assert client.get(static_address("..%2Fpyproject.toml"), headers=GZIP).status_code == 404
