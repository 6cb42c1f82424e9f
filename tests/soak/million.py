"""The page of a data set at a million stored rows: how long it takes, and what web needs for it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from app.datasets.importing import new_run
from app.datasets.reading.schemas import Mapping
from app.datasets.schemas import Described
from app.settings import Settings
from app.store.database import Store, open_store
from app.store.datasets import facts as dataset_facts
from app.store.datasets import rows as datasets
from app.store.datasets.facts import Alike, Fact
from tests import databases
from tests.processes import Server, wait_for
from tests.soak.figures import Figure, percentile

ROWS = 1_000_000
TOGETHER = 20_000
PAGES = 200
WORDS = [f"word{number}" for number in range(500)]
LABELS, GROUPS = ("no", "yes"), tuple("abcdefgh")


def million(folder: Path, *, rows: int = ROWS, pages: int = PAGES, **settings: Any) -> list[Figure]:
    """Two labels, skewed probabilities, eight groups, some badges; pages in every order with every filter."""
    started = time.monotonic()
    store = open_store(Settings(data=folder / "data", **settings))
    id = fill(store, rows)
    _analyse(store)
    store.close()
    filled = time.monotonic() - started
    server = Server(folder / "data", runner=False, **settings)
    server.start()
    try:
        _until_alive(server)
        base = _memory(server)
        taken = [_timed(server, id, query) for query in _queries(rows, pages)]
        return [
            Figure("pages, p95", percentile(taken, 0.95), 0.3, "s"),
            Figure("pages, p50", percentile(taken, 0.5), unit="s"),
            Figure("pages, slowest", max(taken), unit="s"),
            Figure("web memory beyond its start", (_memory(server) - base) / 1e6, 50, "MB"),
            Figure("rows stored", rows),
            Figure("seconds to fill", filled, unit="s"),
        ]
    finally:
        server.close()


def million_postgresql(folder: Path) -> list[Figure]:
    """The same on a PostgreSQL of its own."""
    with databases.running() as postgresql:
        return million(folder, database=postgresql.fresh())


def fill(store: Store, rows: int) -> str:
    """A data set with predictions, as the job runner leaves it."""
    groups = {"group": GROUPS}
    described = Described(mapping=Mapping(text="text", label="label", groups=("group",)), labels=LABELS, filters=groups)
    add = partial(
        datasets.add, project="default", id="m" * 64, name="million", form="csv", file="f", size=1, status="ready",
        asked=None, described=described.model_dump_json(),
    )  # fmt: skip
    serial = store.commit(lambda session: add(session).serial)
    make = partial(new_run, serial=serial, model="sentiment", digest="d", labels=LABELS)
    run = store.commit(make)
    chance = random.Random(0)
    for start in range(0, rows, TOGETHER):
        part = list(_made(chance, serial, start, min(rows, start + TOGETHER)))
        store.commit(partial(datasets.add_rows, rows=[row for row, _ in part]))
        store.commit(partial(dataset_facts.write, run=run, facts=[fact for _, fact in part]))
    store.commit(lambda session: datasets.change(session, serial, rows=rows))
    return "m" * 64


def _made(chance: random.Random, serial: int, start: int, stop: int) -> Iterator[tuple[dict[str, Any], Fact]]:
    for number in range(start, stop):
        label, group = chance.choice(LABELS), chance.choice(GROUPS)
        probability = 0.5 + 0.5 * chance.random() ** 0.3
        predicted = label if chance.random() < probability else LABELS[label == "no"]
        badge = chance.choice(("sound", "rough", "distrust")) if chance.random() < 0.01 else None
        text = " ".join(chance.choices(WORDS, k=12))
        row = {
            "dataset": serial, "number": number, "line": number + 2, "name": None, "text": text, "text_pair": None,
            "label": label, "groups": f'{{"group": "{group}"}}',
        }  # fmt: skip
        yield row, Fact(number, Alike(label, predicted, badge, (("group", group),)), probability)


def _analyse(store: Store) -> None:
    """What a database does by itself in time."""
    if store.engine.dialect.name == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE dataset_facts")
            connection.exec_driver_sql("VACUUM ANALYZE dataset_rows")


def _queries(rows: int, pages: int) -> Iterator[str]:
    """Filters, orders and places at random, half of them deep inside."""
    chance = random.Random(1)
    for _ in range(pages):
        parts = [f"sort={chance.choice(('number', '-number', 'probability', '-probability', 'badge', '-badge'))}"]
        parts += [f"label={chance.choice(LABELS)}"] if chance.random() < 0.4 else []
        parts += [f"right={chance.choice(('yes', 'no'))}"] if chance.random() < 0.4 else []
        parts += [f"group=group:{chance.choice(GROUPS)}"] if chance.random() < 0.3 else []
        parts += [f"badge={chance.choice(('sound', 'none'))}"] if chance.random() < 0.2 else []
        parts += [f"low={chance.choice((0.6, 0.9, 0.999))}"] if chance.random() < 0.2 else []
        if "badge" not in parts[0] and chance.random() < 0.5:
            parts.append(f"cursor={chance.uniform(0.5, 1)}:{chance.randrange(rows)}")
        yield "&".join(parts)


def _timed(server: Server, id: str, query: str) -> float:
    started = time.perf_counter()
    answer = server.http.get(f"/datasets/{id}?{query}", headers={"Accept": "text/html"})
    taken = time.perf_counter() - started
    assert answer.status_code == 200, (query, answer.text[:300])
    return taken


def _until_alive(server: Server) -> None:
    wait_for(lambda: (found := server.get("/livez")) is not None and found.status_code == 200)
    for _ in range(20):  # what is loaded once is loaded
        server.get("/datasets", headers={"Accept": "text/html"})


def _memory(server: Server) -> int:
    """Bytes of the web process."""
    lines = Path(f"/proc/{server.pid('web')}/status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("RssAnon", "RssShmem", "RssFile")))
