"""Pages of a data set and of its workbench at a million stored rows: how long they take, and what web needs for it.

`make million` writes the figures into build/soak.json. Rows, predictions and the columns of the workbench are written
as the job runner leaves them; that no model scored them changes nothing of what is measured.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.datasets.importing import new_run
from app.datasets.reading.schemas import Mapping
from app.datasets.schemas import Described
from app.settings import Settings
from app.store.database import Store, open_store
from app.store.datasets import facts as dataset_facts
from app.store.datasets import rows as datasets
from app.store.datasets.facts import Alike, Fact
from app.store.datasets.tables import DatasetFact
from app.workbench import stored
from app.workbench.study.figures import figures_of
from app.workbench.study.finder import Candidate, Findings
from app.workbench.study.frame import Frame, Named
from app.workbench.study.language import read
from app.workbench.study.places import Places
from app.workbench.study.tags import Tagged
from tests import databases
from tests.processes import Server, wait_for
from tests.soak.figures import Figure, percentile

ROWS = 1_000_000
ID = "m" * 64
TOGETHER = 20_000
PAGES = 200
WORDS = [f"word{number}" for number in range(500)]
LABELS, GROUPS = ("no", "yes"), tuple("abcdefgh")
VIEWS = (  # of the workbench: what it is, where, and what its p95 is held to
    ("table of three conditions", "/v1/datasets/{id}/workbench/rows?{query}", 0.3),
    ("matrix and every view of three conditions", "/v1/datasets/{id}/workbench?{query}", 0.3),
    ("page of the workbench", "/datasets/{id}/workbench?{query}", None),
)


def million(folder: Path, *, rows: int = ROWS, pages: int = PAGES, **settings: Any) -> list[Figure]:
    """Two labels, skewed probabilities, eight groups, some badges; pages in every order with every filter."""
    started = time.monotonic()
    filled(folder / "data", rows, **settings)
    taken = time.monotonic() - started
    return [*measured(folder / "data", pages, rows=rows, **settings), Figure("seconds to fill", taken, unit="s")]


def filled(data: Path, rows: int, **settings: Any) -> None:
    store = open_store(Settings(data=data, **settings))
    fill(store, rows)
    study(store)
    _analyse(store)
    store.close()


def measured(data: Path, pages: int, *, rows: int = ROWS, **settings: Any) -> list[Figure]:
    """Pages of the real server over what was filled."""
    server = Server(data, runner=False, **settings)
    server.start()
    try:
        _until_alive(server)
        base = _memory(server)
        taken = [_timed(server, f"/datasets/{ID}?{query}") for query in _queries(rows, pages)]
        found = [
            Figure("pages, p95", percentile(taken, 0.95), 0.3, "s"),
            Figure("pages, p50", percentile(taken, 0.5), unit="s"),
            Figure("pages, slowest", max(taken), unit="s"),
        ]
        for what, address, most in VIEWS:
            taken = [_timed(server, address.format(id=ID, query=query)) for query in _selections(pages // 4)]
            found += [
                Figure(f"{what}, p95", percentile(taken, 0.95), most, "s"),
                Figure(f"{what}, p50", percentile(taken, 0.5), unit="s"),
            ]
        return [
            *found,
            Figure("web memory at its most, beyond its start", (_peak(server) - base) / 1e6, 50, "MB"),
            Figure("rows stored", rows),
        ]
    finally:
        server.close()


def million_postgresql(folder: Path) -> list[Figure]:
    """The same on a PostgreSQL of its own."""
    with databases.running() as postgresql:
        return million(folder, database=postgresql.fresh())


def fill(store: Store, rows: int) -> None:
    """A data set with predictions, as the job runner leaves it."""
    groups = {"group": GROUPS}
    described = Described(mapping=Mapping(text="text", label="label", groups=("group",)), labels=LABELS, filters=groups)
    add = partial(
        datasets.add, project="default", id=ID, name="million", form="csv", file="f", size=1, status="ready",
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


def study(store: Store) -> None:
    """The workbench's columns of the rows, with a map, tags, clusters and two slices that a search found."""
    with Session(store.engine) as session:
        found = datasets.find(session, "default", ID)
        assert found is not None
        run = datasets.runs(session, found.serial)[-1].serial
        facts = np.array(session.execute(select(DatasetFact.probability, DatasetFact.stratum).where(
            DatasetFact.run == run).order_by(DatasetFact.number)).all())  # fmt: skip
        strata = {each.number: each.alike for each in dataset_facts.strata(session, run)}
    kinds = facts[:, 1].astype(int)
    label, predicted, group = (
        np.array([each(strata[k]) if k in strata else 0 for k in range(max(strata) + 1)])[kinds]
        for each in (
            lambda alike: LABELS.index(alike.label), lambda alike: LABELS.index(alike.predicted),
            lambda alike: GROUPS.index(alike.groups[0][1]),
        )
    )  # fmt: skip
    chance = np.random.default_rng(0)
    rows, sure = len(kinds), facts[:, 0]
    clusters = chance.integers(0, 8, rows)
    place = np.clip(
        chance.normal(0, 0.2, (rows, 2)) + np.stack([clusters % 4 - 1.5, clusters // 4 - 0.5], 1) / 2, -1, 1
    )
    frame = Frame(
        texts=Repeated("a" * 60, rows), classes=LABELS, label=Named(LABELS, label), predicted=Named(LABELS, predicted),
        confidence=sure, groups={"group": Named(GROUPS, group)},
        probabilities=np.where(predicted == 1, [1 - sure, sure], [sure, 1 - sure]).T.astype(np.float32),
        lengths=chance.integers(3, 40, rows),
    )  # fmt: skip
    tags = {"low-margin": sure < 0.55, "near-duplicate": chance.random(rows) < 0.01}
    places = Places(place, chance.normal(size=(rows, 2)), clusters, (0.4, 0.2))
    statements = 'group "group" = b and words < 8', 'group "group" = c and words >= 30'
    figures = figures_of(frame, np.arange(rows) < rows // 2)
    candidates = tuple(Candidate(read(each), figures, figures, True, (1, 2, 3)) for each in statements)
    write = partial(
        stored.write, run=run, frame=frame, tagged=Tagged(tags, np.arange(rows), None, {}), places=places,
        found=Findings(candidates, 100, (rows // 2, rows // 2), 0.01), clusters=(("word1", "word2"),) * 8,
        words={word: chance.random(rows) < 0.03 for word in WORDS[:40]}, one_class=True,
    )  # fmt: skip
    store.commit(write)


class Repeated(Sequence[str]):
    """One text many times, in no memory."""

    def __init__(self, text: str, count: int) -> None:
        self.text, self.count = text, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, at: Any) -> Any:
        if at >= self.count:
            raise IndexError(at)
        return self.text


def _selections(count: int) -> Iterator[str]:
    """Three conditions each, never the same twice; in the order of the page, or by confidence."""
    chance = random.Random(2)
    for _ in range(count):
        parts = [
            f"confidence {chance.choice(('>=', '<'))} {chance.uniform(0.6, 0.95):.4f}",
            f"words {chance.choice(('>=', '<'))} {chance.randrange(5, 35)}",
            chance.choice((f'group "group" = {chance.choice(GROUPS)}', f"label = {chance.choice(LABELS)}", "wrong",
                           f"cluster = {chance.randrange(8)}", 'tag "low-margin"')),
        ]  # fmt: skip
        yield urlencode({"where": " and ".join(parts), "sort": chance.choice(("worst", "-confidence"))})


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


def _timed(server: Server, address: str) -> float:
    accepted = "application/json" if address.startswith("/v1/") else "text/html"
    started = time.perf_counter()
    answer = server.http.get(address, headers={"Accept": accepted})
    taken = time.perf_counter() - started
    assert answer.status_code == 200, (address, answer.text[:300])
    return taken


def _until_alive(server: Server) -> None:
    wait_for(lambda: (found := server.get("/livez")) is not None and found.status_code == 200)
    for _ in range(20):  # what is loaded once is loaded
        server.get("/datasets", headers={"Accept": "text/html"})


def _memory(server: Server) -> int:
    """Bytes of the web process."""
    return _status(server, "RssAnon", "RssShmem", "RssFile")


def _peak(server: Server) -> int:
    """Bytes of the web process when it had the most."""
    return _status(server, "VmHWM")


def _status(server: Server, *names: str) -> int:
    lines = Path(f"/proc/{server.pid('web')}/status").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(names))
