"""Operators see who tries to come in: refused keys and sign-ins are logged with the peer, and counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.scopes import Scope
from tests.app.access.conftest import HTTPS, made
from tests.served import served

WRONG = "whence_0123456789abcdef_" + "q" * 43
BROWSER = {"sec-fetch-site": "same-origin"}


@contextmanager
def watched(tmp_path: Path) -> Iterator[TestClient]:
    """A server with log-ins and somebody at a known address."""
    app, _ = served(tmp_path, auth="apikey")
    with TestClient(app, base_url=HTTPS, client=("203.0.113.9", 4711)) as client:
        yield client


def lines(capsys: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in found if line["event"] == event]


def counted(client: TestClient, key: str) -> dict[str, str]:
    text = client.get("/metrics", headers={"authorization": f"Bearer {key}"}).text
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("whence_sign_ins_total"))


def test_what_was_refused_is_logged_with_the_peer_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong key in a header, a session that is none, and a wrong key on the page; nobody who brought nothing."""
    key = made(tmp_path, scopes=[Scope.ADMIN]).secret
    with watched(tmp_path) as client:
        client.get("/v1/models", headers={"authorization": f"Bearer {WRONG}"})
        client.get("/v1/models", headers={"cookie": "__Host-whence=forged"})
        client.post("/sign-in", data={"key": WRONG}, headers=BROWSER)
        client.get("/v1/models")

        found = lines(capsys, "refused")
        assert [line["via"] for line in found] == ["key", "session", "sign-in"]
        assert {line["peer"] for line in found} == {"203.0.113.9"}
        assert WRONG not in json.dumps(found)
        assert "forged" not in json.dumps(found)
        via = [f'whence_sign_ins_total{{outcome="refused",via="{name}"}}' for name in ("key", "session", "sign-in")]
        assert {name: counted(client, key)[name] for name in via} == dict.fromkeys(via, "1.0")


def test_a_sign_in_is_logged_by_the_keys_id(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not by the key."""
    key = made(tmp_path, scopes=[Scope.ADMIN])
    with watched(tmp_path) as client:
        client.post("/sign-in", data={"key": key.secret}, headers=BROWSER, follow_redirects=False)

        (line,) = lines(capsys, "signed in")
        assert (line["caller"], line["peer"], line["via"]) == (key.id, "203.0.113.9", "sign-in")
        assert key.secret not in json.dumps(line)
        assert counted(client, key.secret)['whence_sign_ins_total{outcome="done",via="sign-in"}'] == "1.0"
