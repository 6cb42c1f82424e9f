"""The same with `whence serve` and its processes, which are killed while files are under way."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_forgetting import MARK, ZSTANDARD
from tests.processes import Server, tiny_folder, wait_for

MODEL = "tiny"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    (scratch := tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    running = Server(tmp_path / "data", models=(tiny_folder(tmp_path / MODEL),), interactive_seconds=0)
    yield running.start().ready()
    running.close()


def marked(server: Server, packed: bool = True) -> dict[str, int]:
    """Files of the installation with the word or with something packed: data folder, temporary folder, log."""
    found = {}
    for folder in (server.data, server.data.parent / "tmp"):
        for path in folder.rglob("*"):
            try:
                body = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:  # gone meanwhile
                continue
            found[path.name] = body.count(MARK.encode()) + packed * body.count(ZSTANDARD)
    return {name: count for name, count in found.items() if count}


def half_an_upload(server: Server) -> socket.socket:
    """Its first two megabytes; the rest never comes."""
    sending = socket.create_connection(("127.0.0.1", server.port))
    head = f"POST /v1/datasets HTTP/1.1\r\nHost: localhost:{server.port}\r\nContent-Length: 9000000\r\n\r\n"
    sending.sendall(head.encode() + f"{MARK},yes\n".encode() * (2 << 20 >> 4))
    wait_for(lambda: any(MARK.encode() in path.read_bytes() for path in server.data.rglob("request-*")))
    return sending


def test_nothing_is_left_after_kills_and_deletions(server: Server) -> None:
    """An upload cut short by a kill, a job killed with its file on the disk; then everything is deleted."""
    with half_an_upload(server):
        server.kill("web")
    server.ready()
    assert wait_for(lambda: not marked(server)), marked(server)

    rows = "text,label\n" + "".join(f"{MARK} film {k},{'yes' if k % 2 else 'no'}\n" for k in range(8_000))
    made = server.http.post("/v1/datasets", content=rows, params={"name": f"{MARK}.csv"}).json()
    wait_for(lambda: any(path.stat().st_size for path in server.data.rglob("job-*/upload")))
    os.kill(server.pid("runner"), signal.SIGKILL)
    server.finished(made["job"])
    assert list(server.data.rglob("job-*/upload")) == []
    body = {"model": MODEL, "explain": 3, "method": "leave-one-out"}
    batch = {"model": MODEL, "inputs": [{"text": f"{MARK} film {k}"} for k in range(40)], "method": "leave-one-out"}
    whole = server.submit(batch, "batch")
    asked = {"model": MODEL, "input": {"text": f"{MARK} is good"}, "method": "leave-one-out"}
    later = server.http.post("/v1/explanations", json=asked, headers={"Prefer": "wait=0"})
    assert later.status_code == 202, later.text
    server.finished(whole)
    key = server.finished(later.json()["id"])["result"]["key"]
    predicting = server.submit(body, "predictions", to=f"/v1/datasets/{made['id']}/predictions")
    wait_for(lambda: server.job(predicting)["done"] > 1)
    assert marked(server)

    for path in (f"datasets/{made['id']}", f"batches/{whole}", f"explanations/{key}"):
        answer = server.http.delete(f"/v1/{path}")
        assert answer.status_code == 204, answer.text
    stopped = server.finished(predicting, "cancelled")

    assert (stopped["title"], stopped["error"]) == ("", None)
    assert wait_for(lambda: not marked(server)), marked(server)
    assert server.get("/v1/history").json()["entries"] == []  # type: ignore[union-attr]
    server.stop()
    assert marked(server) == {}
