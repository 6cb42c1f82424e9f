"""What one caller and one project may keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from app.scopes import Scope
from tests.app.access.conftest import HTTPS, made
from tests.served import served

BATCH = {"model": "sentiment", "inputs": [{"text": "a good film"}]}


def bearing(key: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}", **more}


def test_a_caller_keeps_so_many_jobs_and_others_go_on(tmp_path: Path) -> None:
    """429 with the cure for one more; the same key again is no new job; another key has room of its own."""
    scopes = [Scope.EXPLAIN]
    first, second = (made(tmp_path, scopes=scopes).secret for _ in range(2))
    app, _ = served(tmp_path, auth="apikey", caller_jobs=2)
    with TestClient(app, base_url=HTTPS) as client:

        def send(key: str, name: str) -> Any:
            return client.post("/v1/batches", json=BATCH, headers=bearing(key, **{"idempotency-key": name}))

        assert [send(first, name).status_code for name in "ab"] == [202, 202]
        refused = send(first, "c")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
        assert "at most 2" in refused.json()["detail"]
        assert "WHENCE_CALLER_JOBS" in refused.json()["cure"]
        assert send(first, "a").status_code == 202
        assert send(second, "c").status_code == 202


def test_a_project_keeps_so_many_bytes(tmp_path: Path) -> None:
    """Files of data sets and texts of jobs count together; another project has room of its own."""
    key = made(tmp_path, scopes=[Scope.ADMIN]).secret
    other = made(tmp_path, scopes=[Scope.ADMIN], project="beta").secret
    app, _ = served(tmp_path, auth="apikey", project_bytes=1 << 20)
    file = b"text\n" + b"good film\n" * 60_000
    with TestClient(app, base_url=HTTPS) as client:

        def send(key: str, content: bytes) -> Any:
            return client.post("/v1/datasets", content=content, headers=bearing(key))

        assert send(key, file).status_code == 202
        refused = send(key, file + b"one more\n")
        large = {"model": "sentiment", "inputs": [{"text": "x" * 19_000}] * 30}
        batch = client.post("/v1/batches", json=large, headers=bearing(key))
        assert client.post("/v1/batches", json=BATCH, headers=bearing(key)).status_code == 202
        assert send(other, file).status_code == 202

    for answer in (refused, batch):
        assert (answer.status_code, answer.json()["code"]) == (413, "project_full")
        assert "1,048,576" in answer.json()["detail"]
        assert "WHENCE_PROJECT_BYTES" in answer.json()["cure"]
