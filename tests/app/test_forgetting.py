"""A marked word, written through every route that keeps texts, deleted through the product: no byte of it is left."""

from __future__ import annotations

import io
import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Table as AnyTable
from sqlalchemy import event, func, select
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from app.store import jobs
from app.store.database import Store
from app.store.datasets import tables as dataset_tables
from app.store.job_states import State
from app.store.jobs import NewJob
from app.store.tables import Table
from app.train.requests import folder_of
from tests.app.audit.planted import plan
from tests.app.audit.test_audit_served import planted
from tests.app.jobs.inline import execution
from tests.listening import model as listener
from tests.listening import written
from tests.routes import declared
from tests.served import served
from tests.tiny import tiny_chat, tiny_comparing, tiny_vision

MARK = "zyxmarkedword"
ZSTANDARD = b"\x28\xb5\x2f\xfd"  # how rows of a batch begin, in which the word cannot be searched
STAYS = {"log", "keys", "sessions", "models"}  # hold no text
ROWS = "text,label,who\n" + "".join(
    f"{MARK} {k} is a {'horrible' if k % 3 else 'lovely'} film,{'yes' if k % 3 else 'no'},{MARK}{k % 2}\n"
    for k in range(40)
)
CONTRACT = f"""name = "contract {MARK}"
[[golden]]
text = "{MARK} is a horrible film"
predicts = "no"
carried_by = ["{MARK}"]

[accuracy]
at_least = 0.99
"""
# What each route that changes something writes of a text, as a step of this test or as the reason why none stays.
WRITES = {
    "POST /v1/predictions": "nothing",
    "POST /v1/models/{model}:predict": "nothing",
    "POST /v1/models/{model}:explain": "explanation",
    "POST /v1/explanations": "explanation",
    "POST /v1/panels": "panel",
    "POST /v1/images": "file",
    "POST /v1/speech": "file",
    "PUT /v1/history/{key}/note": "note",
    "POST /v1/batches": "batch",
    "POST /v1/datasets": "dataset",
    "POST /v1/datasets/{id}/predictions": "dataset",
    "POST /v1/audits": "audit",
    "POST /v1/audits/{id}/reviews": "audit",
    "POST /v1/trainings": "training",
    "POST /v1/models": "a path",
    "POST /v1/jobs/{id}/retry": "nothing",
    "POST /v1/generations": "generation",
    "POST /v1/datasets/{id}/marks": "workbench",
    "POST /v1/datasets/{id}/slices": "workbench",
    "POST /v1/datasets/{id}/workbench/explanations": "workbench",
    "POST /v1/datasets/{id}/versions": "version",
    "POST /v1/datasets/{id}/variants": "varied",
    "POST /v1/datasets/{id}/meaning": "varied",
    "POST /v1/datasets/{id}/meaning/search": "nothing",
    "POST /v1/taught": "taught",
    "POST /v1/checks": "check",
    "POST /v1/changes": "change",
}


class Installation:
    """A server whose jobs are done when they are told to be."""

    def __init__(self, client: TestClient, data: Path, scratch: Path) -> None:
        self.client, self.data, self.scratch = client, data, scratch
        self.store: Store = client.app.state.services.store  # type: ignore[attr-defined]

    def post(self, path: str, status: int, **body: Any) -> Any:
        answer = self.client.post(path, **body)
        assert answer.status_code == status, (path, answer.text)
        return answer

    def delete(self, path: str) -> None:
        answer = self.client.delete(path)
        assert answer.status_code == 204, (path, answer.text)

    def run(self, id: str) -> None:
        execution(self.store, load=loaded, names=("sentiment", "similarity")).run(id)
        job = self.client.get(f"/v1/jobs/{id}").json()
        assert job["state"] == "done", job

    def marked(self) -> dict[str, int]:
        """Files with the word, or with what it is packed in, and how often."""
        found = {}
        for path in [*self.data.rglob("*"), *self.scratch.rglob("*")]:
            if path.is_file():
                body = path.read_bytes()
                found[path.name] = body.count(MARK.encode()) + body.count(ZSTANDARD)
        return {name: count for name, count in found.items() if count}

    def rows(self) -> dict[str, int]:
        """What the tables hold that could hold a text."""
        tables: list[AnyTable] = [t for t in Table.metadata.sorted_tables if t.name not in STAYS]
        counts = {
            table.name: self.store.query(lambda session, t=table: session.scalar(select(func.count()).select_from(t)))  # type: ignore[misc]
            for table in tables
        }
        return {name: count for name, count in counts.items() if count}

    def dataset(self) -> str:
        """Read, predicted, a sample explained, a row explained from its page, and measured and varied there."""
        params = {"name": f"{MARK}.csv", "text": "text", "label": "label", "groups": "who"}
        made = self.post("/v1/datasets", 202, content=ROWS, params=params).json()
        self.run(made["job"])
        id = str(made["id"])
        asked = {"model": "sentiment", "explain": 5, "method": "leave-one-out"}
        self.run(self.post(f"/v1/datasets/{id}/predictions", 202, json=asked).json()["id"])
        form = {"data": {"model": "sentiment"}, "headers": {"origin": "http://localhost", "prefer": "wait=60"}}
        page = self.post(f"/datasets/{id}/rows/3/explain", 303, **form).headers["location"]
        shown = page.partition("?shown=")[2]
        assert re.fullmatch("panels/[0-9a-f]{64}", shown), page
        self.post(f"/{shown}/measures", 303, data={"method": "leave-one-out"}, headers=form["headers"])
        self.post(f"/{shown}/ask", 303, data={"method": "stability"}, headers=form["headers"])
        return id

    def looked_at(self, dataset: str) -> str:
        """Rows marked, selected, explained as a selection; the version that was made of the data set."""
        at = f"/v1/datasets/{dataset}"
        self.post(f"{at}/marks", 200, json={"rows": [1, 2], "action": "note", "value": f"note {MARK}"})
        self.post(f"{at}/marks", 200, json={"rows": [2], "action": "clear"})
        self.post(f"{at}/marks", 200, json={"rows": [4], "action": "relabel", "value": "yes"})
        self.post(f"{at}/marks", 200, json={"rows": [5], "action": "drop"})
        for statement in (f'contains "{MARK}" and row < 11', f'matches "{MARK}.*lovely"', f'who = "{MARK}0"'):
            self.post(f"{at}/slices", 201, json={"name": f"{MARK} {statement}", "statement": statement})
        slices = self.client.get(f"{at}/slices").json()["slices"]
        key = next(each["key"] for each in slices if each["statement"].startswith("contains"))
        assert self.client.get(f"{at}/workbench?slice={key}").json()["selection"]["rows"] == 10
        asked = f"slice={key}&count=4&method=leave-one-out"
        self.run(self.post(f"{at}/workbench/explanations?{asked}", 202).json()["id"])
        made = self.post(f"{at}/versions", 202).json()
        self.run(made["job"])
        found = self.client.get(f"/v1/datasets/{made['id']}").json()
        assert (found["rows"], MARK in found["name"]) == (39, True)
        return str(made["id"])

    def varied(self, dataset: str) -> str:
        """Rows replaced word by word, found by meaning, and a question who taught a prediction; the data set of
        variants."""
        at = f"/v1/datasets/{dataset}"
        recipe = {"how": "replace", "pairs": [["horrible", MARK]]}
        self.run(self.post(f"{at}/variants", 202, json={"recipes": [recipe], "rows": 10}).json()["id"])
        (made,) = self.client.get(f"{at}/variants").json()["variants"]
        self.run(self.client.get(f"/v1/datasets/{made['dataset']}").json()["job"])
        assert MARK in str(self.client.get(f"/v1/datasets/{made['dataset']}/behaviours").json()["behaviours"])
        self.run(self.post(f"{at}/meaning", 202, json={"encoder": "similarity"}).json()["id"])
        found = self.post(f"{at}/meaning/search", 200, json={"text": f"{MARK} film"}).json()
        assert MARK in found["rows"][0]["row"]["text"]
        asked = {"model": "sentiment", "text": MARK, "training": "t" * 32, "dataset": dataset, "rows": 1}
        body = json.dumps(asked, separators=(",", ":"))  # as requests are written
        new = NewJob(
            id="7a" * 16, project="default", kind="taught", title=MARK, request=body, priority=100,
            state=State.QUEUED, caller="",
        )  # fmt: skip
        self.store.commit(lambda session: jobs.add(session, new))
        self.post("/v1/taught", 422, json={"model": "sentiment", "text": MARK})
        return str(made["dataset"])

    def held_against(self, dataset: str) -> tuple[str, str]:
        """A contract with a golden text that fails, and two models compared on the data set, both as jobs."""
        asked = {"model": "sentiment", "contract": CONTRACT, "dataset": dataset}
        check = self.post("/v1/checks", 202, json=asked).json()["id"]
        self.run(check)
        assert self.client.get(f"/v1/checks/{check}").json()["check"]["failed"] >= 1
        assert MARK in self.client.get(f"/v1/checks/{check}/report?format=html").text
        models = {"before": "sentiment", "after": "sentiment", "dataset": dataset, "texts": 10}
        change = self.post("/v1/changes", 202, json=models).json()["id"]
        self.run(change)
        return check, change


def loaded(name: str) -> Any:
    made = {
        "chat": lambda: tiny_chat("qwen2"),
        "similarity": tiny_comparing,
        "pictures": lambda: tiny_vision(32, labels=3),
        "recordings": listener,
    }
    return made.get(name, lambda: planted(name))()


@pytest.fixture
def installation(tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    (scratch := tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    names = ("sentiment", "chat", "similarity", "pictures", "recordings")
    app, _ = served(tmp_path / "data", load=loaded, names=names, database=database, inline_array=100)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield Installation(client, tmp_path / "data", scratch)


def test_every_route_that_writes_is_looked_at() -> None:
    """A route that is added has to say what it keeps of a text: in WRITES, and in a step below."""
    unsafe = {
        str(route) for route in declared(create_app(Settings(data=Path("unused")))) if route.method in ("POST", "PUT")
    }
    over_rest = {route for route in unsafe if "/v1/" in route}

    assert over_rest <= set(WRITES), over_rest - set(WRITES)
    assert set(WRITES) <= unsafe, set(WRITES) - unsafe


def test_nothing_is_left_of_a_marked_word(installation: Installation) -> None:
    """Explanations, panels, notes, measures, batches, data sets, audits, trainings; done, failed, waiting."""
    at = installation
    text = {"text": f"{MARK} is a horrible film"}
    at.post("/v1/predictions", 200, json={"model": "sentiment", "inputs": [text]})
    instances = {"instances": [f"{MARK} through KServe"], "method": "leave-one-out"}
    at.post("/v1/models/sentiment:explain", 200, json=instances)
    asked = {"model": "sentiment", "input": text}
    single = at.post("/v1/explanations", 200, json={**asked, "method": "leave-one-out"}).json()["key"]
    panel = at.post("/v1/panels", 200, json=asked).json()["key"]
    assert at.client.put(f"/v1/history/{panel}/note", json={"note": f"note {MARK}"}).status_code == 204
    at.post(f"/panels/{panel}/measures", 303, data={"method": "leave-one-out"}, headers={"origin": "http://localhost"})
    inputs = [{"text": f"{MARK} {k} film"} for k in range(70)]
    batch = at.post("/v1/batches", 202, json={"model": "sentiment", "inputs": inputs, "method": "leave-one-out"}).json()
    at.run(batch["id"])
    dataset = at.dataset()
    over = at.post(
        "/v1/batches", 202, json={"model": "sentiment", "dataset": dataset, "method": "leave-one-out"}
    ).json()
    at.run(over["id"])
    version, varied = at.looked_at(dataset), at.varied(dataset)
    check, change = at.held_against(dataset)
    waiting = {"model": "sentiment", "contract": CONTRACT.partition("[accuracy]")[0]}
    unchecked = at.post("/v1/checks", 202, json=waiting).json()["id"]
    chat = {"model": "chat", "text": f"{MARK} is the film good?", "system": MARK, "passages": [MARK], "max_tokens": 4}
    generation, other = (at.post("/v1/generations", 200, json=chat | {"seed": seed}).json()["key"] for seed in (0, 1))
    why = {"by": "sentence", "method": "leave-one-out"}
    for key in (generation, other):
        at.post(f"/generations/{key}/why", 303, data=why, headers={"origin": "http://localhost"})
    audit = at.post("/v1/audits", 202, json=plan(model="sentiment", title=MARK).model_dump(mode="json")).json()["id"]
    at.run(audit)
    own = {"kind": "table", "dataset": dataset, "groups": ["who"], "positive": ["yes"]}
    tabled = plan(model="sentiment", data=own, title=MARK).model_dump(mode="json")
    audited = at.post("/v1/audits", 202, json=tabled).json()["id"]
    at.run(audited)
    training = {"name": "reviews", "title": MARK, "description": MARK, "dataset": dataset}
    trained = at.post("/v1/trainings", 202, json=training).json()["id"]
    card = folder_of(at.data, "reviews", trained) / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text(MARK)
    assert {"jobs", "results", "history", "dataset_rows", "dataset_marks", "dataset_slices", "dataset_studies"} <= set(
        at.rows()
    )
    assert {"dataset_columns", "job_shards", "job_files"} <= set(at.rows())
    if at.store.engine.dialect.name == "sqlite":
        assert any(name.startswith("whence.sqlite3") for name in at.marked())

    at.delete(f"/v1/datasets/{dataset}")
    gone = at.client.get(f"/v1/batches/{over['id']}/results")
    kept = [at.client.get(f"/v1/audits/{id}").status_code for id in (audit, audited)]
    assert not {"dataset_marks", "dataset_slices"} & set(at.rows())
    assert at.client.get(f"/v1/datasets/{version}").status_code == 200
    assert at.client.get("/v1/taught/" + "7a" * 16).status_code == 404
    for path in (
        f"datasets/{version}",
        f"datasets/{varied}",
        f"checks/{check}",
        f"checks/{unchecked}",
        f"changes/{change}",
    ):
        at.delete(f"/v1/{path}")
    at.delete(f"/v1/generations/{generation}")
    at.delete(f"/v1/history/{other}")
    for path in (f"audits/{audited}", f"batches/{batch['id']}"):
        at.delete(f"/v1/{path}")
    assert f'action="/audits/{audit}/delete"' in at.client.get(f"/audits/{audit}").text
    at.client.delete(f"/v1/jobs/{trained}")
    assert f'action="/trainings/{trained}/delete"' in at.client.get(f"/jobs/{trained}").text
    for page in (f"/audits/{audit}", f"/trainings/{trained}"):
        at.post(f"{page}/delete", 303, headers={"origin": "http://localhost"})
    at.delete(f"/v1/explanations/{single}")
    at.delete(f"/v1/panels/{panel}")
    for entry in at.client.get("/v1/history").json()["entries"]:
        assert entry["text"] == f"{MARK} through KServe"
        at.delete(f"/v1/history/{entry['key']}")

    assert gone.status_code == 404
    assert kept == [200, 200]
    assert at.rows() == {}
    assert at.marked() == {}


def drawn() -> bytes:
    """A picture of noise."""
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("room", "copy_of", "model", "content", "begins", "other"),
    [
        ("images", "picture", "pictures", drawn(), b"RIFF", "mean"),
        ("speech", "recording", "recordings", written(seconds=0.5), b"fLaC", "noise"),
    ],
    ids=["pictures", "recordings"],
)
def test_nothing_is_left_of_a_file(
    installation: Installation, room: str, copy_of: str, model: str, content: bytes, begins: bytes, other: str
) -> None:
    """Explained at once, as a job and from its page: its name, its bytes and its copy go with the explanations."""
    at = installation
    sent = {"file": (f"{MARK}.file", content)}
    asked = {"model": model, "method": "leave-one-out"}
    made = at.post(f"/v1/{room}", 200, data=asked, files=sent).json()["key"]
    copy = at.client.get(f"/explanations/{made}/{copy_of}").content
    page = at.post(f"/{room}", 303, data={"model": model}, files=sent, headers={"origin": "http://localhost"})
    another = {**asked, "baseline": other}
    later = at.post(f"/v1/{room}", 202, data=another, files=sent, headers={"prefer": "wait=0"}).json()
    execution(at.store, load=loaded, names=[model]).run(later["id"])
    job = at.client.get(f"/v1/jobs/{later['id']}").json()

    def held(part: bytes) -> int:
        found = [each for each in at.data.rglob("*") if each.is_file() and part in each.read_bytes()]
        return len(found)

    assert job["state"] == "done", job
    assert copy.startswith(begins)
    assert held(copy[-64:]) >= (at.store.engine.dialect.name == "sqlite")
    for address in (f"explanations/{made}", page.headers["location"].strip("/")):
        at.delete(f"/v1/{address}")
    at.client.delete(f"/v1/history/{job['result']['key']}")
    at.client.delete(f"/v1/explanations/{job['result']['key']}")
    at.client.delete(f"/v1/jobs/{later['id']}")

    assert at.rows() == {}
    assert at.marked() == {}
    assert held(copy[-64:]) == held(content[-200:]) == 0


def test_the_explanations_of_a_deleted_data_set_are_gone(installation: Installation) -> None:
    """Those of its job and those asked for on its pages, but not what somebody asked for himself."""
    at = installation
    dataset = at.dataset()
    explained = [row["explanation"] for row in _rows(at, dataset) if row["explanation"]]
    asked = [entry["key"] for entry in at.client.get("/v1/history").json()["entries"]]
    own = {"model": "sentiment", "input": {"text": f"{MARK} 7 is a horrible film"}}
    mine = at.post("/v1/panels", 200, json=own).json()["key"]
    assert len(explained) == 5
    assert len(asked) == 1  # what was measured on its page has no line of its own

    at.delete(f"/v1/datasets/{dataset}")

    addresses = [f"/v1/{kind}/{key}" for key in explained + asked for kind in ("explanations", "panels")]
    assert {at.client.get(address).status_code for address in addresses} == {404}
    assert at.client.get(f"/v1/panels/{mine}").status_code == 200
    assert [entry["key"] for entry in at.client.get("/v1/history").json()["entries"]] == [mine]


def test_what_two_hold_goes_with_the_last(installation: Installation) -> None:
    """Equal texts in two batches have one explanation: it stays while one of them does."""
    at = installation
    body = {"model": "sentiment", "inputs": [{"text": f"{MARK} film"}], "method": "leave-one-out"}
    ids = [at.post("/v1/batches", 202, json=body).json()["id"] for _ in range(2)]
    for id in ids:
        at.run(id)
    key = at.client.get(f"/v1/batches/{ids[0]}/results?format=jsonl").json()["explanation"]
    after = []
    for id in ids:
        at.delete(f"/v1/batches/{id}")
        after.append(at.client.get(f"/v1/explanations/{key}").status_code)

    assert after == [200, 404]
    assert at.rows() == {}


def test_a_job_that_waits_or_runs_is_forgotten_at_once(installation: Installation) -> None:
    """Its texts are gone while it still runs; then it has been cancelled, and cannot be tried again."""
    at = installation
    body = {"model": "sentiment", "inputs": [{"text": f"{MARK} film {k}"} for k in range(9)], "shard_rows": 1}
    waiting, running = (at.post("/v1/batches", 202, json=body).json()["id"] for _ in range(2))
    at.delete(f"/v1/batches/{waiting}")

    def deleted() -> None:
        if at.client.get(f"/v1/jobs/{running}").json()["done"] == 3:
            at.delete(f"/v1/batches/{running}")
            assert at.marked() == {}

    execution(at.store, load=planted, before=deleted).run(running)
    job = at.client.get(f"/v1/jobs/{running}").json()
    again = at.client.post(f"/v1/jobs/{running}/retry")
    at.post(f"/jobs/{running}/delete", 303, headers={"origin": "http://localhost"})

    assert at.client.get(f"/v1/jobs/{waiting}").status_code == 404
    assert (job["state"], job["title"], job["error"]) == ("cancelled", "", None)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert at.rows() == {}
    assert at.marked() == {}


def test_an_explanation_that_failed_as_a_job_can_be_deleted(installation: Installation) -> None:
    """It has no result, but its job has the text as its request and title."""
    at = installation
    asked = {"model": "sentiment", "input": {"text": f"{MARK} film"}, "method": "leave-one-out"}
    job = at.post("/v1/explanations", 202, json=asked, headers={"prefer": "wait=0"}).json()
    assert MARK in job["title"]
    key = at.store.query(lambda session: session.scalar(select(Table.metadata.tables["result_holders"].c.key)))
    at.delete(f"/v1/explanations/{key}")

    assert at.rows() == {}
    assert at.marked() == {}


def test_a_deletion_while_pages_are_moved_about_leaves_nothing(installation: Installation) -> None:
    """Thousands of rows between others: pages are split, freed and used again."""
    at = installation
    lines = [f"{MARK} {'x' * (k % 700)} {k},yes" for k in range(4000)]
    kept = [f"kept {'y' * (k % 500)} {k},yes" for k in range(4000)]
    ids = []
    for rows in (kept[:2000], lines[:2000], kept[2000:], lines[2000:]):
        made = at.post("/v1/datasets", 202, content="text,label\n" + "\n".join(rows) + "\n").json()
        at.run(made["job"])
        ids.append(made["id"])
    at.delete(f"/v1/datasets/{ids[1]}")
    at.delete(f"/v1/datasets/{ids[3]}")

    assert at.marked() == {}
    counted = select(func.count()).select_from(dataset_tables.DatasetRow)
    assert at.store.query(lambda session: session.scalar(counted)) == 4000


def test_a_library_that_erases_nothing_by_itself_is_told_to(tmp_path: Path) -> None:
    """How SQLite was built decides its default: the connection says it."""
    from app.store.connection import connect, url_of

    engine = connect(url_of(Settings(data=tmp_path)))
    event.listen(engine, "connect", lambda connection, _: connection.execute("SELECT 1").close())
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1
    engine.dispose()


def _rows(at: Installation, dataset: str) -> list[dict[str, Any]]:
    return list(at.client.get(f"/v1/datasets/{dataset}/rows?limit=40").json()["rows"])
