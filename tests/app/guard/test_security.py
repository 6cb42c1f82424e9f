"""What every request passes and every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.logging import fingerprint_of
from app.settings import Settings
from tests.served import served

BODY = {"model": "sentiment", "inputs": [{"text": "a secret good film"}]}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.mark.parametrize("path", ["/livez", "/v1/models", "/v1/nothing", "/openapi.json"])
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    """Also errors: a page of errors is a page."""
    headers = client.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "private, no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "", "localhost:80:80"])
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    """A page elsewhere cannot reach this server by a name that it controls (DNS rebinding)."""
    answer = client.get("/v1/models", headers={"host": host})

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_host"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST"])
def test_this_machine_is_served(client: TestClient, host: str) -> None:
    """By any of its own names, on any port."""
    assert client.get("/v1/models", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "cross-site", "origin": "http://localhost"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9999"},
    ],
)
def test_a_post_from_another_site_is_refused(client: TestClient, headers: dict[str, str]) -> None:
    """Sec-Fetch-Site decides, then Origin."""
    answer = client.post("/v1/predictions", json=BODY, headers=headers)

    assert answer.status_code == 403
    assert answer.json()["code"] == "forbidden"


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {"origin": "http://localhost"}]
)
def test_a_post_of_this_site_or_of_a_program_passes(client: TestClient, headers: dict[str, str]) -> None:
    """A program sends neither header."""
    assert client.post("/v1/predictions", json=BODY, headers=headers).status_code == 200


def test_a_get_from_another_site_passes(client: TestClient) -> None:
    """A link from elsewhere may lead here."""
    assert client.get("/v1/models", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_logs_hold_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not of a good request and not of a bad one."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        client.post("/v1/predictions", json=BODY)
        client.post("/v1/predictions", json={**BODY, "secret": "secret"})
        client.get("/v1/models?q=secret")

    logged = capsys.readouterr().err
    assert '"status": 422' in logged
    assert "secret" not in logged


def test_a_fingerprint_tells_equal_texts_and_nothing_else(tmp_path: Path) -> None:
    """The same after a restart, another in another installation, and no plain hash."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, again, other = (fingerprint_of(tmp_path / name) for name in "aab")

    assert first("text") == again("text") != other("text")
    assert (tmp_path / "a" / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "example.com", "::"])
def test_the_server_refuses_to_listen_elsewhere(host: str) -> None:
    """Without log-ins it is for this machine; a container's port is published on loopback by the host."""
    with pytest.raises(ValidationError, match="own address"):
        Settings(host=host)

    assert Settings(host=host, container=True).host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.1.2.3"])
def test_the_server_listens_on_loopback(host: str) -> None:
    """Every address of this machine alone."""
    assert Settings(host=host).host == host
