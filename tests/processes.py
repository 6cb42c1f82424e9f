"""`whence serve` as it runs for a user, to be killed: the processes, their log, and what lies in the database after."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2

ROOT = Path(__file__).parents[1]
PATIENCE = 300.0
SHARD = re.compile(r'"job": "(\w+)", "shard": (\d+), "event": "shard"')


def wait_for(done: Callable[[], Any], seconds: float = PATIENCE, pause: float = 0.05) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(pause)
    raise AssertionError("it did not happen in time")


def tiny_folder(path: Path) -> Path:
    """A model that answers within a millisecond."""
    from tests.tiny import network_for, tokenizer_for

    tokenizer = tokenizer_for("bert")
    network_for("bert", tokenizer).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """One data folder, one port, one web process after another."""

    def __init__(self, data: Path, *, models: tuple[Path, ...] = (), embedded: bool = False, **settings: Any) -> None:
        self.data = data
        self.models = models
        self.log = data / "log.jsonl"
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.http = httpx2.Client(base_url=self.address, timeout=60)
        given = {"embedded": embedded, "threads": 1, **settings}
        names = {f"WHENCE_{name.upper()}": str(value) for name, value in given.items()}
        self.environment = {**os.environ, **names, "OMP_NUM_THREADS": "1"}
        self.process: subprocess.Popen[bytes] | None = None
        data.mkdir(parents=True, exist_ok=True)

    def start(self) -> Server:
        command = [sys.executable, "-m", "app.cli", "serve", *map(str, self.models)]
        command += ["--port", str(self.port), "--data", str(self.data)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        return self

    def ready(self) -> Server:
        wait_for(lambda: (found := self.get("/readyz")) is not None and found.status_code == 200)
        return self

    def get(self, path: str, **named: Any) -> httpx2.Response | None:
        """None while nobody answers."""
        try:
            return self.http.get(path, **named)
        except httpx2.TransportError:
            return None

    def submit(self, body: dict[str, Any], key: str, to: str = "/v1/batches") -> str:
        """The job's id. Asked again until it is answered: with the same key, so it is one job."""

        def post() -> str | None:
            try:
                found = self.http.post(to, json=body, headers={"Idempotency-Key": key})
            except httpx2.TransportError:
                return None
            assert found.status_code in (202, 503), found.text
            return str(found.json()["id"]) if found.status_code == 202 else None

        return str(wait_for(post))

    def job(self, id: str) -> dict[str, Any]:
        found = wait_for(lambda: (answer := self.get(f"/v1/jobs/{id}")) and answer.status_code == 200 and answer.json())
        return dict(found)

    def finished(self, id: str, state: str = "done") -> dict[str, Any]:
        def ended() -> dict[str, Any] | None:
            job = self.job(id)
            return job if job["state"] in ("done", "failed", "cancelled") else None

        found = wait_for(ended)
        assert found["state"] == state, found
        return dict(found)

    def pid(self, what: str) -> int:
        """Of 'web', 'engine' or 'runner'; waits for one that is just being started."""
        assert self.process is not None
        if what == "web":
            return self.process.pid
        name = {"engine": b"engine.server", "runner": b"jobs.runner"}[what]

        def find() -> int | None:
            found = [pid for pid in children(self.pid("web")) if name in _line(pid)]
            return found[0] if found else None

        return int(wait_for(find))

    def kill(self, what: str) -> None:
        """SIGKILL; web is started again as an init system would, the others by web."""
        os.kill(self.pid(what), signal.SIGKILL)
        if what == "web":
            assert self.process is not None
            self.process.wait()
            self.start()

    def stop(self) -> float:
        """SIGTERM; seconds until it had ended."""
        assert self.process is not None
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(60)
        return time.monotonic() - started

    def close(self) -> None:
        self.http.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def shards_begun(self) -> Counter[tuple[str, int]]:
        """How often each shard was begun, by the log."""
        found = SHARD.findall(self.log.read_text(errors="replace"))
        return Counter((job, int(shard)) for job, shard in found)


def rows_of(server: Server, id: str) -> list[dict[str, Any]]:
    """The rows of a batch's results."""
    answer = server.http.get(f"/v1/batches/{id}/results", headers={"Accept": "application/x-ndjson"})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def batch(rows: int, *, shard_rows: int, model: str, **fields: Any) -> dict[str, Any]:
    inputs = [{"text": f"a good film number {number}"} for number in range(rows)]
    return {"model": model, "inputs": inputs, "shard_rows": shard_rows, **fields}


def children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []


def _line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""
