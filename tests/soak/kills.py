"""Many jobs under SIGKILLs of the engine, of the runner and of the web process."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

from app.jobs.durable import AT_ONCE
from tests import databases
from tests.processes import Server, batch, rows_of, tiny_folder
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
    found = 0
    for name in ("whence.sqlite3", "jobs.sqlite3"):
        path = server.data / name
        if path.exists():
            connection = sqlite3.connect(path)
            found += connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok"
            found += len(connection.execute("PRAGMA foreign_key_check").fetchall())
            connection.close()
    return found
