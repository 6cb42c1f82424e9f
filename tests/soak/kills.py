"""Many jobs under SIGKILLs of the engine, of the runner and of the web process."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from app.jobs.runner.durable import AT_ONCE
from app.settings import Settings
from app.store.database import open_store
from app.store.upkeep import integrity
from tests import databases
from tests.processes import Server, batch, rows_of, tiny_folder, wait_for
from tests.soak.figures import Figure

ROWS, SHARD_ROWS = 6, 2


def kills(
    folder: Path, *, jobs: int = 1500, engine: int = 20, web: int = 5, runner: int = 0, **settings: Any
) -> list[Figure]:
    """Jobs of three shards each are sent while the kills go on; a client asks again with the same key."""
    model = tiny_folder(folder / "tiny")
    server = Server(folder / "data", models=(model,), **settings).start().ready()
    try:
        started = time.monotonic()
        ids: list[str] = []
        sender = threading.Thread(target=lambda: ids.extend(_send(server, jobs)))
        sender.start()
        _kill(server, ids, {"engine": engine, "web": web, "runner": runner}, jobs=jobs, sender=sender)
        sender.join()
        states = [server.finished(id)["done"] for id in ids]
        seconds = time.monotonic() - started
        return [
            *_counted(server, ids, states, jobs=jobs),
            *_redone(server, deaths=engine + web + runner),
            Figure("seconds", seconds, unit="s"),
            Figure("integrity errors", _integrity(server), 0),
        ]
    finally:
        server.close()


def kills_postgresql(folder: Path) -> list[Figure]:
    """The same on a PostgreSQL of its own."""
    with databases.running() as postgresql:
        return kills(folder, database=postgresql.fresh())


def killed_data_set(folder: Path, *, rows: int = 200_000, deaths: int = 5, **settings: Any) -> list[Figure]:
    """The runner is killed while a file is read, and again while a model is asked about its rows."""
    model = tiny_folder(folder / "tiny")
    server = Server(folder / "data", models=(model,), **settings).start().ready()
    file = "text,label\n" + "".join(f"a good film number {n},{'yes' if n % 3 else 'no'}\n" for n in range(rows))
    try:
        sent = server.http.post("/v1/datasets", content=file, headers={"Content-Type": "text/csv"})
        assert sent.status_code == 202, sent.text
        id, job = sent.json()["id"], sent.json()["job"]
        _kill_in_the_middle(server, job, deaths)
        asked = server.http.post(f"/v1/datasets/{id}/predictions", json={"model": "tiny"})
        assert asked.status_code == 202, asked.text
        _kill_in_the_middle(server, asked.json()["id"], deaths)
        found = server.http.get(f"/v1/datasets/{id}").json()
        lines = server.http.get(f"/v1/datasets/{id}/export", headers={"Accept": "application/x-ndjson"}, timeout=600)
        exported = [json.loads(line) for line in lines.text.splitlines()]
        numbers = [row["number"] for row in exported]
        return [
            Figure("rows read", found["rows"]),
            Figure("rows lost", rows - len(set(numbers)), 0),
            Figure("rows doubled", len(numbers) - len(set(numbers)), 0),
            Figure("rows without a prediction", sum(row["predicted"] is None for row in exported), 0),
            Figure("predictions missing in the count", rows - found["runs"][0]["done"], 0),
            Figure("integrity errors", _integrity(server), 0),
        ]
    finally:
        server.close()


def _kill_in_the_middle(server: Server, job: str, deaths: int) -> None:
    """Each time once the job has got further."""
    for death in range(deaths):
        share = death / (deaths + 1)
        wait_for(lambda share=share: server.job(job)["progress"] > share)  # type: ignore[misc]
        assert server.job(job)["state"] == "running", "it ended before it could be killed: take more rows"
        server.kill("runner")
    server.finished(job)


def restarts(folder: Path, *, rows: int = 1_000, times: int = 5) -> list[Figure]:
    """PostgreSQL is stopped and started again while a job runs."""
    model = tiny_folder(folder / "tiny")
    with databases.running() as postgresql:
        server = Server(folder / "data", models=(model,), database=postgresql.fresh()).start().ready()
        try:
            asked = batch(rows, shard_rows=4, model="tiny", method="shap", players="token")
            id = server.submit(asked, "restarted")
            for number in range(times):
                wait_for(lambda number=number: server.job(id)["done"] > 1 + 4 * number)  # type: ignore[misc]
                assert server.job(id)["state"] == "running"
                postgresql.stop()
                refused = server.get(f"/v1/jobs/{id}")
                assert refused is not None
                assert refused.status_code == 503, refused.text
                time.sleep(1)
                postgresql.start()
            done = server.finished(id)["done"]
            found = [row["row"] for row in rows_of(server, id)]
            begun = {shard: count for (job, shard), count in server.shards_begun().items() if job == id}
            return [
                Figure("shards done", done),
                Figure("rows lost", rows - len(set(found)), 0),
                Figure("rows doubled", len(found) - len(set(found)), 0),
                Figure("shards redone", sum(begun.values()) - len(begun), times * AT_ONCE),
                Figure("integrity errors", _integrity(server), 0),
            ]
        finally:
            server.close()


def _send(server: Server, jobs: int) -> list[str]:
    return [server.submit(batch(ROWS, shard_rows=SHARD_ROWS, model="tiny"), f"job {number}") for number in range(jobs)]


def _kill(server: Server, ids: list[str], deaths: dict[str, int], *, jobs: int, sender: threading.Thread) -> None:
    """In random order, each once the processes work again, spread over the run."""
    order = [what for what, count in deaths.items() for _ in range(count)]
    random.Random(0).shuffle(order)
    pause = random.Random(1)
    for number, what in enumerate(order):
        wanted = (number + 1) * jobs // (len(order) + 1)
        while _done(server) < wanted:
            time.sleep(0.2)
        time.sleep(pause.uniform(0, 0.5))
        server.kill(what)


def _done(server: Server) -> int:
    """Jobs that have ended, without a route: the database is read as it is."""
    from sqlalchemy import create_engine, text

    url = server.environment.get("WHENCE_DATABASE", "").replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url or f"sqlite:///{server.data}/whence.sqlite3")
    try:
        with engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM jobs WHERE state = 'done'")).scalar_one())
    finally:
        engine.dispose()


def _counted(server: Server, ids: list[str], done: list[int], *, jobs: int) -> list[Figure]:
    """Every row of every job, once."""
    lost = doubled = 0
    for id in ids:
        rows = [row["row"] for row in rows_of(server, id)]
        lost += len(set(range(ROWS)) - set(rows))
        doubled += len(rows) - len(set(rows))
    return [
        Figure("jobs lost", jobs - len(set(ids)) + sum(count != ROWS // SHARD_ROWS for count in done), 0),
        Figure("rows lost", lost, 0),
        Figure("rows doubled", doubled, 0),
    ]


def _redone(server: Server, *, deaths: int) -> list[Figure]:
    begun = server.shards_begun()
    return [
        Figure("shards", len(begun)),
        Figure("shards redone", sum(begun.values()) - len(begun), deaths * AT_ONCE),
    ]


def _integrity(server: Server) -> int:
    """Faults of the databases, of PostgreSQL's pages and indexes too, and of every array and result."""
    store = open_store(Settings(data=server.data, database=server.environment.get("WHENCE_DATABASE")))
    try:
        assert integrity.left_out(store) is None
        found = len(list(integrity.faults(store)))
    finally:
        store.close()
    workflows = server.data / "jobs.sqlite3"
    if workflows.exists():
        connection = sqlite3.connect(workflows)
        found += connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
        connection.close()
    return found
