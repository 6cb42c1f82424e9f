"""How long a person waits while a batch runs, how quickly pages come, and what stopping and leaving do."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.processes import Server, batch, rows_of, tiny_folder, wait_for
from tests.soak.figures import Figure, percentile

MODEL = "sentiment"
VOCABULARY = """
    a the film story music actors plot scene ending humour slow bright dull moving clever thin warm loud quiet honest
    never always hardly truly quite rather very too gorgeous witty clumsy opening"""
WORDS = VOCABULARY.split()
LONG = " ".join(WORDS * 4)


@contextmanager
def embedded(folder: Path, **settings: Any) -> Iterator[Server]:
    server = Server(folder / "data", embedded=True, **settings).start().ready()
    wait_for(lambda: MODEL in server.http.get("/readyz").json().get("models", ()))
    try:
        yield server
    finally:
        server.close()


@contextmanager
def busy(server: Server, *, rows: int = 300) -> Iterator[str]:
    """While a batch of explanations runs."""
    body = {
        "model": MODEL, "method": "shap", "shard_rows": 64, "seed": random.randrange(2**31),
        "inputs": [{"text": text(n, words=24)} for n in range(rows)],
    }  # fmt: skip
    id = server.submit(body, f"busy {time.monotonic()}")
    wait_for(lambda: server.job(id)["state"] == "running")
    time.sleep(1)
    try:
        yield id
        assert server.job(id)["state"] == "running", "the batch ended before the measurement"
    finally:
        server.http.delete(f"/v1/jobs/{id}")
        server.finished(id, "cancelled")


def text(number: int, *, words: int) -> str:
    """A text nobody has asked about."""
    return " ".join(random.Random(f"{number} {time.monotonic_ns()}").choices(WORDS, k=words))


def waiting(folder: Path, *, panels: int = 12, predictions: int = 40) -> list[Figure]:
    """A 16-word panel and a prediction, idle and while a batch runs, in turns; and the batch's longest stretch without
    a look whether somebody waits, as the engine measured it."""
    found: dict[str, list[float]] = {"panel": [], "prediction": [], "panel busy": [], "prediction busy": []}
    with embedded(folder) as server:
        wait_for_people(server, found, "", panels=2, predictions=2)
        for times in found.values():
            times.clear()
        for _ in range(2):
            wait_for_people(server, found, "", panels=panels // 2, predictions=predictions // 2)
            with busy(server):
                wait_for_people(server, found, " busy", panels=panels // 2, predictions=predictions // 2)
        stretch = longest_stretch(server, "background")
    p95 = {name: percentile(times, 0.95) for name, times in found.items()}
    return [
        Figure("panel idle p95", p95["panel"], unit="s"),
        Figure("panel busy p95 / idle", p95["panel busy"] / p95["panel"], 2),
        Figure("prediction idle p95", p95["prediction"], unit="s"),
        Figure("prediction busy p95 - idle", p95["prediction busy"] - p95["prediction"], 0.1, "s"),
        Figure("one background batch, longest", stretch, 0.1, "s"),
    ]


def longest_stretch(server: Server, priority: str) -> float:
    """Of this priority since the engine started."""
    wanted = f'whence_engine_longest_stretch_seconds{{priority="{priority}"}} '
    lines = server.http.get("/metrics").text.splitlines()
    return next(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))


def wait_for_people(
    server: Server, found: dict[str, list[float]], suffix: str, *, panels: int, predictions: int
) -> None:
    for number in range(panels):
        body = {"model": MODEL, "input": {"text": text(number, words=16)}}
        found["panel" + suffix].append(_timed(lambda body=body: server.http.post("/v1/panels", json=body)))  # type: ignore[misc]
    for number in range(predictions):
        body = {"model": MODEL, "inputs": [{"text": text(number, words=16)}]}
        found["prediction" + suffix].append(_timed(lambda body=body: server.http.post("/v1/predictions", json=body)))  # type: ignore[misc]


def _timed(ask: Callable[[], httpx2.Response]) -> float:
    started = time.perf_counter()
    answer = ask()
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - started


def reads(folder: Path, *, requests: int = 600) -> list[Figure]:
    """A cached page and its JSON, at 10 connections idle and while the engine is busy, and at 50."""
    with embedded(folder) as server:
        body = {"model": MODEL, "input": {"text": "a gorgeous, witty film"}}
        key = server.http.post("/v1/panels", json=body).json()["key"]
        paths = (f"/panels/{key}", f"/v1/panels/{key}")
        _load(server, paths, connections=10, requests=requests // 3)
        idle, _ = _load(server, paths, connections=10, requests=requests)
        with busy(server):
            loaded, errors = _load(server, paths, connections=10, requests=requests)
            _, errors_50 = _load(server, paths, connections=50, requests=requests)
    return [
        Figure("page and JSON idle p99", percentile(idle, 0.99), unit="s"),
        Figure("page and JSON busy p99 / idle", percentile(loaded, 0.99) / percentile(idle, 0.99), 3),
        Figure("errors at 10 connections", errors, 0),
        Figure("errors at 50 connections", errors_50, 0),
    ]


def _load(server: Server, paths: tuple[str, ...], *, connections: int, requests: int) -> tuple[list[float], int]:
    """Seconds of each request, and how many were not answered with 200."""
    times: list[float] = []
    errors = 0
    left = iter(range(requests))

    async def ask(client: httpx2.AsyncClient) -> None:
        nonlocal errors
        for number in left:
            started = time.perf_counter()
            try:
                answer = await client.get(paths[number % len(paths)])
                errors += answer.status_code != 200
            except httpx2.TransportError:
                errors += 1
            times.append(time.perf_counter() - started)

    async def run() -> None:
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        async with httpx2.AsyncClient(base_url=server.address, timeout=60, limits=limits) as client:
            await asyncio.gather(*(ask(client) for _ in range(connections)))

    asyncio.run(run())
    return times, errors


def stopping(folder: Path, *, streams: int = 20) -> list[Figure]:
    """SIGTERM with open streams and a running batch; started again, the batch is finished."""
    model = tiny_folder(folder / "tiny")
    server = Server(folder / "data", models=(model,)).start().ready()
    try:
        id = server.submit(batch(800, shard_rows=8, model="tiny", method="shap", players="token"), "long")
        wait_for(lambda: (job := server.job(id))["state"] == "running" and job["done"])
        opened = [threading.Thread(target=_follow, args=(server, id)) for _ in range(streams)]
        for stream in opened:
            stream.start()
        time.sleep(2)
        seconds = server.stop()
        for stream in opened:
            stream.join(30)
        server.start().ready()
        server.finished(id)
        rows = [row["row"] for row in rows_of(server, id)]
    finally:
        server.close()
    return [
        Figure(f"SIGTERM with {streams} streams, exit", seconds, 10, "s"),
        Figure("rows lost", 800 - len(set(rows)), 0),
        Figure("rows doubled", len(rows) - len(set(rows)), 0),
    ]


def _follow(server: Server, id: str) -> None:
    try:
        with httpx2.stream("GET", f"{server.address}/v1/jobs/{id}/events", timeout=None) as stream:
            for _ in stream.iter_bytes():
                pass
    except httpx2.TransportError:
        pass


LEFT: dict[str, dict[str, Any]] = {  # each takes many seconds; measures and layers lie outside the table of coalitions
    "shap": {"budget": 65536, "players": "token"},
    "layers": {"options": {"tolerance": 0.001, "most_steps": 1024}},
    "integrated-gradients": {"options": {"tolerance": 0.0001, "most_points": 6561}},
    "smoothgrad": {"options": {"samples": 1024}},
}


def leaving(folder: Path, *, times: int = 3) -> list[Figure]:
    """A caller goes in the middle of an explanation that would take long: how much later the next one is answered."""
    with embedded(folder) as server:
        body = {"model": MODEL, "method": "leave-one-out"}

        def short(number: int) -> float:
            asked = {**body, "input": {"text": text(number, words=2)}}
            return _timed(lambda: server.http.post("/v1/explanations", json=asked))

        short(0)
        idle = max(short(number) for number in range(times))
        later = {
            method: [_leave(server, number, method=method) or short(number) for number in range(times)]
            for method in LEFT
        }
        stretch = longest_stretch(server, "explanation")
    slots = [
        Figure(f"slot free after a disconnect, {method}", max(each) - idle, 1, "s") for method, each in later.items()
    ]
    return [*slots, Figure("longest stretch without a look", stretch, unit="s")]


def _leave(server: Server, number: int, *, method: str) -> None:
    asked = {"model": MODEL, "input": {"text": f"{LONG} {number}"}, "method": method, **LEFT[method]}
    try:
        httpx2.post(f"{server.address}/v1/explanations", json=asked, timeout=1.5)
    except httpx2.TimeoutException:
        return
    raise AssertionError("it was answered before the caller went")
