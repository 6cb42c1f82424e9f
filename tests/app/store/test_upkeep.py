"""Backups that can be gone back to, damage that is found, texts that are forgotten in time."""

from __future__ import annotations

import asyncio
import json
import subprocess
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.cli.server import db
from app.cli.terminal.trouble import Mistake
from app.settings import Settings
from app.store import history, jobs, results
from app.store.arrays import pack
from app.store.database import Store, open_store
from app.store.history import NewEntry
from app.store.jobs import NewJob
from app.store.results import NewResult, now
from app.store.tables import Asked, Job, Result, StoredArray
from app.store.upkeep import amcheck, backup, integrity, retention

LARGE = pack(np.random.default_rng(0).random((2, 3, 20, 20)).astype("float16"))
SMALL = pack(np.zeros((1, 1, 2, 2), dtype="float16"))
YEAR = 365 * 24 * 3600 * 1_000_000


def fill(store: Store, *keys: str, project: str = "p") -> None:
    """Explanations with a large and a small array and a line of the history each."""
    for key in keys:
        body = json.dumps({"key": key}).encode()
        new = NewResult(key=key, kind="explanation", model="m", body=body, arrays={"relations": LARGE, "small": SMALL})
        asyncio.run(results.put(store, project, [new]))
        entry = NewEntry(
            key=key, kind="explanation", text=f"text {key}", text_pair=None, model="m", method="shap", label="yes",
            probability=0.5,
        )  # fmt: skip
        store.commit(partial(history.put, project=project, entry=entry))


def age(store: Store, key: str, *tables: type[Result] | type[Asked]) -> None:
    for table in tables:
        store.commit(lambda session, t=table: session.execute(update(t).where(t.key == key).values(created=1)))  # type: ignore[misc]


def test_a_backup_is_the_store_again(tmp_path: Path) -> None:
    """Database, arrays and the secret of the fingerprints; the check finds nothing amiss in the copy."""
    data = tmp_path / "data"
    store = open_store(Settings(data=data, inline_array=1000))
    (data / "secret").write_bytes(b"s" * 32)
    fill(store, "a", "b")
    copied = backup.backup(store, data, tmp_path / "copy")
    fill(store, "c")
    store.close()
    again = open_store(Settings(data=tmp_path / "copy", inline_array=1000))

    assert copied == 1  # a and b share one file
    assert asyncio.run(results.find_array(again, "p", "b", "relations")) == LARGE
    assert asyncio.run(results.find(again, "p", "c", "explanation")) is None
    assert list(integrity.faults(again)) == []
    assert (tmp_path / "copy" / "secret").read_bytes() == b"s" * 32
    again.close()


def test_a_backup_overwrites_nothing(store: Store, tmp_path: Path) -> None:
    """Yesterday's stays."""
    (tmp_path / "old").mkdir()
    with pytest.raises(backup.BackupFailed, match="is there already"):
        backup.backup(store, tmp_path, tmp_path / "old")


def test_a_backup_of_each_database(store: Store, tmp_path: Path) -> None:
    """A file of SQLite, or a dump that pg_restore reads, with the array files beside it."""
    fill(store, "a")
    backup.backup(store, tmp_path / "none", tmp_path / "copy")

    assert len([path for path in (tmp_path / "copy" / "arrays").rglob("*") if path.is_file()]) == 1
    if store.engine.dialect.name == "sqlite":
        assert (tmp_path / "copy" / backup.DATABASE).is_file()
    else:
        dump = tmp_path / "copy" / backup.DUMP
        listed = subprocess.run(["pg_restore", "--list", dump], capture_output=True, text=True, check=True).stdout
        assert "TABLE DATA public results" in listed


def test_without_pg_dump_the_message_says_so(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what to do."""
    if store.engine.dialect.name == "sqlite":
        return
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(backup.BackupFailed, match="install PostgreSQL's client"):
        backup.backup(store, tmp_path, tmp_path / "copy")


def test_damage_is_found(store: Store) -> None:
    """A file that is gone, bytes that are not those of the hash, a result that is no JSON: each is one line."""
    fill(store, "a", "b")
    assert list(integrity.faults(store)) == []
    digest = store.query(
        lambda session: session.scalar(select(StoredArray.digest).where(StoredArray.body.is_(None)).limit(1))
    )
    assert digest
    store.files.path(digest).unlink()
    small = update(StoredArray).where(StoredArray.key == "a", StoredArray.name == "small").values(body=b"other")
    store.commit(lambda session: session.execute(small))
    store.commit(lambda session: session.execute(update(Result).where(Result.key == "b").values(body=b"{")))
    found = list(integrity.faults(store))

    assert len(found) == 4
    assert sum("is not there" in line for line in found) == 2
    assert sum("is not what was stored" in line for line in found) == 2
    assert integrity.counts(store) == {"results": 2, "arrays": 4}


def test_postgresql_looks_at_its_pages_and_indexes(store: Store) -> None:
    """A row that an index does not know is found, and an index in a wrong order; nothing stays installed."""
    fill(store, "a", "b")
    if store.engine.dialect.name == "sqlite":
        assert integrity.left_out(store) is None
        return
    assert integrity.left_out(store) is None
    assert list(integrity.faults(store)) == []
    owner = store.engine.execution_options(isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        index = connection.execute(
            text("SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                 "WHERE i.indrelid = 'results'::regclass AND i.indisprimary")
        ).scalar_one()  # fmt: skip
        connection.execute(text("SET allow_system_table_mods = on"))
        where = f"indexrelid = '{index}'::regclass"
        connection.execute(text(f"UPDATE pg_index SET indisready = false, indisvalid = true WHERE {where}"))
        connection.execute(
            text(
                "INSERT INTO results (project, key, kind, model, created, body) "
                "SELECT 'other', key, kind, model, created, body FROM results"
            )
        )
        connection.execute(text(f"UPDATE pg_index SET indisready = true WHERE {where}"))
    found = list(integrity.faults(store))

    assert any(f"index {index}" in line for line in found), found
    installed = store.query(
        lambda session: session.scalar(text("SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'"))
    )
    assert installed == 0


def test_without_the_right_to_look_the_check_says_so(store: Store) -> None:
    """An ordinary user cannot install the extension."""
    if store.engine.dialect.name == "sqlite":
        return
    with store.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS plain"))
        connection.execute(text("CREATE ROLE plain"))
    with store.engine.connect() as connection, Session(connection) as session:
        session.execute(text("SET LOCAL ROLE plain"))

        assert not amcheck.at_hand(session)
        assert list(amcheck.faults(session)) == []


def test_old_texts_go_with_all_that_holds_them(store: Store) -> None:
    """What was asked again lately stays, however old the result is."""
    fill(store, "old", "asked again", "new")
    age(store, "old", Result, Asked)
    age(store, "asked again", Result)
    gone = retention.sweep(store, now() - YEAR)
    texts = store.query(lambda session: set(session.scalars(select(Asked.text))))

    assert gone.results == 1
    assert texts == {"text asked again", "text new"}
    assert asyncio.run(results.find(store, "p", "old", "explanation")) is None
    assert asyncio.run(results.find_array(store, "p", "new", "relations")) == LARGE
    assert list(integrity.faults(store)) == []


def test_old_jobs_go_once_they_have_ended(store: Store) -> None:
    """One that waits or runs is not taken from under the runner."""
    for state in ("done", "running", "queued"):
        new = NewJob(id=state, project="p", kind="batch", title="t", request="{}", priority=0, state=state)
        store.commit(lambda session, n=new: jobs.add(session, n))  # type: ignore[misc]
    store.commit(lambda session: session.execute(update(Job).values(created=1)))
    gone = retention.sweep(store, now() - YEAR)

    assert gone.jobs == 1
    assert store.query(lambda session: set(session.scalars(select(Job.id)))) == {"running", "queued"}


def test_a_project_is_forgotten_and_the_others_are_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever its age, with the models that it trained; a job that runs is stopped; no byte of a text is left."""
    store = open_store(Settings(data=tmp_path, inline_array=1000))
    fill(store, "zebra", project="left")
    fill(store, "stays", project="other")
    for id, kind, state in (("one", "batch", "running"), ("two", "training", "done")):
        request = json.dumps({"name": "zebra", "text": "zebra"})
        new = NewJob(id=id, project="left", kind=kind, title="zebra", request=request, priority=0, state=state)
        store.commit(lambda session, n=new: jobs.add(session, n))  # type: ignore[misc]
    store.close()
    model = tmp_path / "models" / "zebra-two"
    model.mkdir(parents=True)
    (model / "card.json").write_text("zebra")
    db.forget("left", yes=True, data=tmp_path)
    said = capsys.readouterr()
    store = open_store(Settings(data=tmp_path, inline_array=1000))
    states = store.query(lambda session: list(map(tuple, session.execute(select(Job.id, Job.state)))))
    store.close()

    assert said.out == "removed 1 results, 0 data sets, 2 jobs and 1 trained models\n"
    assert states == [("one", "cancelling")]
    assert asyncio.run(results.find(store, "other", "stays", "explanation")) is not None
    assert not model.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file() and b"zebra" in path.read_bytes()] == []
    with pytest.raises(Mistake, match="the project 'nobody' has nothing"):
        db.forget("nobody", yes=True, data=tmp_path)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each says what it did; a check that finds something ends with 1; a sweep has to know how long."""
    db.upgrade(data=tmp_path)
    assert db.check(data=tmp_path) == 0
    store = open_store(Settings(data=tmp_path, inline_array=1000))
    fill(store, "a")
    db.backup(tmp_path / "copy", data=tmp_path)
    store.files.path(next(iter((tmp_path / "arrays").rglob("*/*"))).name).unlink()
    store.close()

    assert db.check(data=tmp_path) == 1
    assert db.check(data=tmp_path / "copy") == 0
    with pytest.raises(Mistake, match="WHENCE_RETENTION_DAYS"):
        db.sweep(data=tmp_path)
    db.sweep(days=0, data=tmp_path)
    assert "removed 1 results" in capsys.readouterr().out
