"""A disk that is full, a database that is away or held by another change: who is served, and what the others hear."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, make_url
from starlette.testclient import TestClient

from app.access import keys
from app.cli import main
from app.errors import DatabaseUnavailable
from app.scopes import Scope
from app.settings import Settings
from app.store import database as databases
from app.store.database import open_store
from tests.databases import Server
from tests.served import served

BODY = {"model": "sentiment", "input": {"text": "a good film"}, "method": "leave-one-out"}
OTHER = {**BODY, "input": {"text": "a bad film"}}
PREDICTION = {"model": "sentiment", "inputs": [{"text": "a good film"}]}
AUDIT = {"model": "sentiment", "data": {"kind": "table", "dataset": "none", "groups": ["who"]}}
CSV = {"content-type": "text/csv"}
ROWS = b"text\n" + b"a good film\n" * 10_000


def problem(answer: Any) -> tuple[int, str]:
    """Status and code; every problem has a cure."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["cure"]
    return answer.status_code, answer.json()["code"]


@contextmanager
def no_new_page(app: Any) -> Iterator[None]:
    """SQLite says what it says on a full disk."""
    engine = app.state.services.store.engine

    def full(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1").close()  # SQLite takes the pages there are

    event.listen(engine, "connect", full)
    engine.dispose()
    yield
    event.remove(engine, "connect", full)
    engine.dispose()


def test_a_full_database_answers_what_it_has(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What cannot be stored is 507 with its cure; nothing is lost, and it goes on as soon as there is room."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        first = client.post("/v1/explanations", json=BODY)
        long = {**BODY, "input": {"text": f"a good {'m' * 15_000}"}}
        with no_new_page(app):
            assert problem(client.post("/v1/explanations", json=long)) == (507, "disk_full")
            assert problem(client.post("/v1/datasets", content=ROWS, headers=CSV)) == (507, "disk_full")
            assert client.post("/v1/explanations", json=BODY).content == first.content
            assert client.post("/v1/predictions", json=PREDICTION).status_code == 200
            assert client.get("/readyz").status_code == 200
            page = client.post("/datasets", files={"file": ("a.csv", ROWS)}, headers={"accept": "text/html"})
        assert client.post("/v1/explanations", json=long).status_code == 200

    assert page.status_code == 507
    assert "The disk of the server is full." in page.text
    assert f"{tmp_path / 'whence.sqlite3'} has no room left" in capfd.readouterr().err


def test_a_file_that_finds_no_room_is_told_so(tmp_path: Path, small_disk: Callable[[], None]) -> None:
    """An upload on a real disk that is full; afterwards nothing of it is left in the way."""
    data = tmp_path / "disk" / "data"
    app, _ = served(data)
    with TestClient(app, base_url="http://localhost") as client:
        stored = client.post("/v1/explanations", json=BODY)
        small_disk()
        found = client.post("/v1/datasets", content=ROWS * 20, headers=CSV)
        again = client.post("/v1/explanations", json=BODY)
        (data / "filler").unlink()

        assert problem(found) == (507, "disk_full")
        assert str(tmp_path) not in found.text
        assert again.content == stored.content
        assert [path for path in (data / "under-way").rglob("*") if path.is_file() and path.stat().st_size] == []
        assert client.post("/v1/datasets", content=ROWS, headers=CSV).status_code == 202


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[], None]]:
    """`tmp_path / "disk"` has four megabytes; what is given fills them, so that nothing more can be written."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "whence-test", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("file systems cannot be mounted here")

    def fill() -> None:
        with (disk / "data" / "filler").open("wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"0" * 4096)
            except OSError:
                pass

    yield fill
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """By a change of another process that does not end."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_every_writer_answers_in_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten at once wait no longer than one, what is stored is answered unnoted, and nobody else notices."""
    monkeypatch.setattr(databases, "ASKED_SECONDS", 1.5)
    monkeypatch.setattr("app.explain.ask.service.NOTE_SECONDS", 0.2)
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        first = client.post("/v1/explanations", json=BODY)
        address = f"/v1/history/{first.json()['key']}/note"
        with held(tmp_path / "whence.sqlite3"), ThreadPoolExecutor(10) as pool:
            started = time.monotonic()
            notes = [pool.submit(client.put, address, json={"note": "mine"}) for _ in range(10)]
            assert client.post("/v1/explanations", json=BODY).content == first.content
            assert client.post("/v1/predictions", json=PREDICTION).status_code == 200
            assert client.get("/readyz").status_code == 200
            served_after = time.monotonic() - started
            assert [problem(each.result()) for each in notes] == [(503, "database")] * 10
            answered_after = time.monotonic() - started
        assert client.put(address, json={"note": "mine"}).status_code < 300

    assert served_after < answered_after < 12  # one behind the other they would take 15 s


def test_the_log_of_the_process_has_the_line_that_could_not_be_stored(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Who did what is never lost: a stored answer is given, and its line stands where the operator looks."""
    key = made(tmp_path)
    app, _ = served(tmp_path, auth="apikey")
    with TestClient(app, base_url="http://localhost", headers={"authorization": f"Bearer {key.secret}"}) as client:
        first = client.post("/v1/explanations", json=BODY)
        capfd.readouterr()
        with held(tmp_path / "whence.sqlite3"):
            again = client.post("/v1/explanations", json=BODY)
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"line not stored"' in line]

    assert again.content == first.content
    assert [(line["who"], line["action"], line["status"]) for line in lines] == [(key.id, "POST /v1/explanations", 200)]


def made(data: Path, **settings: Any) -> keys.NewKey:
    import asyncio

    store = open_store(Settings(data=data, **settings))
    try:
        return asyncio.run(keys.create(store, name="test", scopes=[Scope.ADMIN], project="alpha"))
    finally:
        store.close()


@pytest.fixture
def away(postgresql: Server, migrated: str) -> Iterator[tuple[str, Server]]:
    """The URL of a database, and its server, to be stopped and started."""
    url = postgresql.fresh(like=migrated)
    yield url, postgresql
    if postgresql.process is None:
        postgresql.start()
    postgresql.drop(url)


def test_a_database_that_is_away_is_told_and_not_described(
    away: tuple[str, Server], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not ready, and a stranger with a wrong key learns no host, user or name; once it is back all is as before."""
    url, server = away
    key = made(tmp_path, database=url)
    secrets = (str(server.folder), str(make_url(url).database), "postgresql", "psycopg")
    app, _ = served(tmp_path, auth="apikey", database=url)
    with TestClient(app, base_url="http://localhost") as client:
        mine = {"authorization": f"Bearer {key.secret}"}
        assert client.get("/readyz", headers=mine).status_code == 200
        capfd.readouterr()
        server.stop()
        asked = [client.get("/readyz"), client.get("/v1/models", headers={"authorization": "Bearer whence_no"})]
        asked += [client.get("/readyz", headers=mine), client.post("/v1/explanations", json=BODY, headers=mine)]
        told = capfd.readouterr().err

        assert client.get("/livez").status_code == 200
        assert [problem(answer) for answer in asked] == [(503, "database")] * 4
        assert [word for word in secrets for answer in asked if word in answer.text] == []
        assert f"database {make_url(url).render_as_string()} does not answer" in told
        server.start()
        assert client.get("/readyz", headers=mine).status_code == 200
        assert client.post("/v1/explanations", json=BODY, headers=mine).status_code == 200


def test_who_needs_no_database_is_served_without_it(away: tuple[str, Server], tmp_path: Path) -> None:
    """Predictions where there are no log-ins; the figures and the page of the state say what is wrong."""
    url, server = away
    app, _ = served(tmp_path, database=url)
    with TestClient(app, base_url="http://localhost", headers={"accept": "text/html"}) as client:
        assert "whence_database_up 1.0" in client.get("/metrics").text
        server.stop()

        assert client.post("/v1/predictions", json=PREDICTION).status_code == 200
        assert client.get("/status").text.count("The database does not answer") == 1
        assert "whence_database_up 0.0" in client.get("/metrics").text
        home = client.post("/panels", data={"text": "a good film", "model": "sentiment"})
        assert home.status_code == 503
        assert "a good film</textarea>" in home.text  # what was typed is kept
        assert "The database does not answer" in home.text
        assert client.get("/history").status_code == 503


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["db", "check"], ["keys", "list"], ["worker"]])
def test_commands_say_which_database_is_away(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with the address and without the password."""
    monkeypatch.setenv("WHENCE_DATABASE", "postgresql://whence:hunter2@127.0.0.1:1/whence")
    with pytest.raises(SystemExit) as ended:
        main([*command, "--data", str(tmp_path)])
    told = capsys.readouterr()

    assert (ended.value.code, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert "whence:***@127.0.0.1:1/whence does not answer" in told.err
    assert "start it, or correct WHENCE_DATABASE and its password" in told.err


def test_reading_that_takes_too_long_is_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that hangs holds nobody up for ever: neither who asks it nor who asks for something else."""
    monkeypatch.setattr(databases, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr("app.health.service.PROBE_SECONDS", 0.2)
    app, _ = served(tmp_path)
    answered, gave_up = threading.Event(), []
    with TestClient(app, base_url="http://localhost") as client:
        store = app.state.services.store
        monkeypatch.setattr(store, "query", lambda query: answered.wait(30) or gave_up.append(query))
        for path in ("/readyz", "/v1/history", "/v1/datasets", "/v1/datasets/none", "/v1/datasets/none/rows"):
            assert problem(client.get(path)) == (503, "database")
        audited = client.post("/v1/audits", json=AUDIT)
        assert problem(audited) == (503, "database")
        assert client.post("/v1/predictions", json=PREDICTION).status_code == 200
        assert not gave_up  # each was answered while the database was still silent
        answered.set()


def test_an_address_that_is_none_and_a_password_that_cannot_be_read(tmp_path: Path) -> None:
    """Neither is quoted: both may hold a secret."""
    from app.configuration import BadConfiguration

    with pytest.raises(BadConfiguration, match="is no address of a database") as raised:
        open_store(Settings(data=tmp_path, database="postgresql://whence:hunter2@host:no/whence"))
    assert "hunter2" not in str(raised.value)
    nowhere = {"database": "postgresql://whence@host/whence", "database_password_file": tmp_path / "none"}
    with pytest.raises(BadConfiguration, match="none cannot be read"):
        open_store(Settings(data=tmp_path, **nowhere))
    (tmp_path / "empty").write_bytes(b"\xff")
    with pytest.raises(BadConfiguration, match="it is not UTF-8"):
        open_store(Settings(data=tmp_path, **{**nowhere, "database_password_file": tmp_path / "empty"}))
    with pytest.raises(DatabaseUnavailable):
        open_store(Settings(data=tmp_path, database="postgresql://whence@127.0.0.1:1/whence"))
