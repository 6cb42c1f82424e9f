"""Four times more than the machine can do, for a minute: what is answered, what it costs, and how soon it is over."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2

from tests.processes import Server, children, wait_for
from tests.soak.figures import Figure, percentile
from tests.soak.waiting import MODEL, embedded, text

TIMES = 4
REFUSED = (429, 503)
TELLING = 60.0  # seconds that a caller of the load waits


def overload(folder: Path, *, seconds: float = 60, warm: int = 20) -> list[Figure]:
    """Explanations and panels of texts nobody has asked about, at a fixed rate whatever is answered."""
    with embedded(folder) as server:
        idle = [_alone(server) for _ in range(warm)][warm // 4 :]
        usual = percentile(idle, 0.5)
        before = memory(server)
        statuses, peak = asyncio.run(_load(server, rate=TIMES / min(idle), seconds=seconds))
        ended = time.monotonic()
        wait_for(lambda: _alone(server) <= 2 * usual, 60)
        again = time.monotonic() - ended
        after = memory(server)
    good = sum(count for status, count in statuses.items() if 200 <= status < 300)
    refused = sum(statuses[status] for status in REFUSED)
    asked = sum(count for status, count in statuses.items() if status >= 0)
    return [
        Figure("one explanation idle", usual, unit="s"),
        Figure("asked", asked),
        Figure("answered with 2xx", good),
        Figure("refused with 429 or 503", refused),
        Figure("refused nobody: it was no overload", float(refused == 0), 0),
        Figure("answered otherwise", asked - good - refused, 0),
        Figure("refused without Retry-After", statuses[-1], 0),
        Figure("memory of all processes, growth", (max(peak, after) - before) / 1e6, 100, "MB"),
        Figure("as quick as before within", again, 5, "s"),
    ]


def _alone(server: Server) -> float:
    started = time.perf_counter()
    answer = server.http.post("/v1/explanations", json=_question())
    return time.perf_counter() - started if answer.status_code == 200 else float("inf")


def _question() -> dict[str, Any]:
    return {"model": MODEL, "input": {"text": text(0, words=12)}, "method": "leave-one-out"}


async def _load(server: Server, *, rate: float, seconds: float) -> tuple[Counter[int], int]:
    """What was answered, and the most memory that was used meanwhile. Who still waits at the end leaves."""
    statuses: Counter[int] = Counter()
    asking: set[asyncio.Task[None]] = set()
    peak, started, sent = 0, time.monotonic(), 0
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=50)

    async def ask(client: httpx2.AsyncClient) -> None:
        try:
            answer = await client.post("/v1/explanations", json=_question())
        except httpx2.TransportError:
            statuses[0] += 1
            return
        statuses[answer.status_code] += 1
        if answer.status_code in REFUSED and "retry-after" not in answer.headers:
            statuses[-1] += 1

    async with httpx2.AsyncClient(base_url=server.address, timeout=TELLING, limits=limits) as client:
        while (now := time.monotonic() - started) < seconds:
            for _ in range(int(now * rate) - sent):
                task = asyncio.create_task(ask(client))
                asking.add(task)
                task.add_done_callback(asking.discard)
                sent += 1
            if int(now) % 5 == 0:
                peak = max(peak, await asyncio.to_thread(memory, server))
            await asyncio.sleep(0.05)
        for task in tuple(asking):
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*asking, return_exceptions=True)
    return statuses, peak


def memory(server: Server) -> int:
    """Bytes of web, engine and runner that are resident."""
    web = server.pid("web")
    return sum(_resident(pid) for pid in (web, *children(web)))


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)
