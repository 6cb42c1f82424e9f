"""SQLite and PostgreSQL behave alike: durable, consistent, one writer at a time in all processes, no endless wait."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from app.errors import Damaged, DatabaseUnavailable
from app.settings import Settings
from app.store import connection, history, jobs, results
from app.store import database as databases
from app.store.arrays import pack
from app.store.database import Store, migrate, open_store
from app.store.forgetting import forget_results
from app.store.history import NewEntry
from app.store.jobs import NewJob
from app.store.results import NewResult
from tests.databases import Server

ROOT = Path(__file__).parents[3]
LARGE = pack(np.random.default_rng(0).random((2, 3, 20, 20)).astype("float16"))


def settings_of(store: Store, data: Path) -> Settings:
    url = store.engine.url.render_as_string(hide_password=False)
    return Settings(data=data, database=url, arrays=store.files.folder, inline_array=store.files.inline)


def put(store: Store, key: str, **arrays: bytes) -> None:
    new = NewResult(key=key, kind="explanation", model="m", body=b"body", arrays=arrays)
    asyncio.run(results.put(store, "default", [new]))


def remember(store: Store, key: str, words: str) -> None:
    fields = {"text_pair": None, "model": "m", "method": "shap", "label": "yes", "probability": 0.5}
    entry = NewEntry(key=key, kind="explanation", text=words, **fields)
    store.commit(partial(history.put, project="default", entry=entry))


def test_sqlite_is_durable_and_consistent(tmp_path: Path) -> None:
    """Write-ahead log, a disk flush at each commit, foreign keys; the folder is for its owner."""
    store = open_store(Settings(data=tmp_path / "new"))
    with store.engine.connect() as open_:
        found = [open_.execute(text(f"pragma {n}")).scalar() for n in ("journal_mode", "synchronous", "foreign_keys")]
    store.close()

    assert found == ["wal", 2, 1]
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_change_that_fails_leaves_nothing(store: Store) -> None:
    """Also what it did to tables, which SQLite's driver would otherwise have committed."""

    def change(session: Session) -> None:
        session.execute(text("create table half (x int)"))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.commit(change)
    with store.engine.connect() as open_, pytest.raises(Exception, match="half"):
        open_.execute(text("select * from half"))


def test_what_a_change_reads_stays_so_until_it_is_done(store: Store, tmp_path: Path) -> None:
    """Two stores, as two processes have them, count one row up together and lose no step."""
    other = open_store(settings_of(store, tmp_path))
    store.commit(lambda session: session.execute(text("create table counted (n int)")))
    store.commit(lambda session: session.execute(text("insert into counted values (0)")))

    def step(session: Session) -> None:
        n = session.execute(text("select n from counted")).scalar()
        time.sleep(0.001)  # so that the other would come between
        session.execute(text("update counted set n = :n"), {"n": n + 1})

    def steps(of: Store) -> None:
        for _ in range(20):
            of.commit(step)

    threads = [threading.Thread(target=steps, args=(of,)) for of in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()

    assert store.query(lambda session: session.execute(text("select n from counted")).scalar()) == 40


def test_a_change_waits_for_another_and_not_for_ever(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that hangs is told to the next one as an unavailable database; reading goes on."""
    monkeypatch.setattr(databases, "LOCK_SECONDS", 0.2)
    other = open_store(settings_of(store, tmp_path))
    put(store, "k")

    def hold(session: Session) -> None:
        with pytest.raises(DatabaseUnavailable, match="another change holds the database"):
            other.commit(lambda session: session.execute(text("delete from results")))
        assert asyncio.run(results.find(other, "default", "k", "explanation")) == b"body"

    store.commit(hold)
    other.commit(lambda session: session.execute(text("delete from results")))
    other.close()


def test_threads_of_one_process_wait_no_longer_either(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """They queue before the database, so that they hold no connection meanwhile."""
    monkeypatch.setattr(databases, "LOCK_SECONDS", 0.05)

    def hold(session: Session) -> None:
        with pytest.raises(DatabaseUnavailable, match="another change"):
            store.commit(lambda session: None)

    store.commit(hold)


WRITER = """
import asyncio, sys
from functools import partial
from pathlib import Path
from app.settings import Settings
from app.store import results
from app.store.database import open_store
from app.store.forgetting import forget_results
settings = Settings.model_validate_json(sys.argv[1])
large = Path(sys.argv[3]).read_bytes()
store = open_store(settings)
lost = 0
for step in range(25):
    new = results.NewResult(key=sys.argv[2], kind="explanation", model="m", body=b"b", arrays={"relations": large})
    asyncio.run(results.put(store, "default", [new]))
    lost += asyncio.run(results.find_array(store, "default", sys.argv[2], "relations")) != large
    store.commit(partial(forget_results, files=store.files, project="default", keys=[sys.argv[2]]))
print(lost)
"""


def test_two_processes_share_an_array_file_and_never_lose_it(store: Store, tmp_path: Path) -> None:
    """One writes the row that needs the file while the other deletes the last row that needed it."""
    (tmp_path / "large").write_bytes(LARGE)
    settings = settings_of(store, tmp_path).model_dump_json()
    command = [sys.executable, "-c", WRITER, settings]
    both = [
        subprocess.Popen([*command, key, str(tmp_path / "large")], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for key in "ab"
    ]

    assert [process.communicate(timeout=60)[0].strip() for process in both] == ["0", "0"]
    assert [path for path in (tmp_path / "arrays").rglob("*") if path.is_file()] == []


def test_processes_that_start_together_make_the_tables_once(postgresql: Server, tmp_path: Path) -> None:
    """Replicas of the web process and the worker find an empty database at the same moment."""
    for url in (None, postgresql.fresh()):
        settings = Settings(data=tmp_path, database=url)
        script = "import sys; from app.settings import Settings; from app.store.database import open_store; open_store(Settings.model_validate_json(sys.argv[1]))"  # noqa: E501
        command = [sys.executable, "-c", script, settings.model_dump_json()]
        starting = [subprocess.Popen(command, cwd=ROOT) for _ in range(2)]

        assert [process.wait(60) for process in starting] == [0, 0]


def test_a_table_is_made_anew_without_losing_the_rows_that_point_to_it(store: Store) -> None:
    """Alembic's batch mode drops and renames; with foreign keys on, SQLite would delete the rows below."""
    put(store, "k", relations=LARGE)

    def again(open_: Connection) -> None:
        operations = Operations(MigrationContext.configure(open_))
        with operations.batch_alter_table("results", recreate="auto") as batch:
            batch.alter_column("model", nullable=True)

    connection.change_tables(store.engine, again)

    assert asyncio.run(results.find_array(store, "default", "k", "relations")) == LARGE


def test_search_ignores_the_case_of_every_alphabet(store: Store) -> None:
    """SQLite's own lower knows A to Z only."""
    for key, words in zip("ab", ("UN ÉTÉ À PARIS", "ЧУДЕСНЫЙ фильм"), strict=True):
        put(store, key)
        remember(store, key, words)

    assert [row.key for row in asyncio.run(history.page(store, "default", search="été"))] == ["a"]
    assert [row.key for row in asyncio.run(history.page(store, "default", search="чудесный"))] == ["b"]


def test_without_a_folder_large_arrays_lie_in_the_database(postgresql: Server, tmp_path: Path) -> None:
    """Several machines that share PostgreSQL share no disk unless WHENCE_ARRAYS names one."""
    store = open_store(Settings(data=tmp_path, database=postgresql.fresh(), inline_array=1000))
    put(store, "k", relations=LARGE)

    assert asyncio.run(results.find_array(store, "default", "k", "relations")) == LARGE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    store.close()


def test_an_array_whose_file_just_went_is_not_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process deleted the result between the look at the row and the look at the file."""
    put(store, "k", relations=LARGE)

    def gone(digest: str, inline: bytes | None) -> bytes:
        other = open_store(settings_of(store, tmp_path))
        other.commit(partial(forget_results, files=other.files, project="default", keys=["k"]))
        other.close()
        raise FileNotFoundError(digest)

    monkeypatch.setattr(store.files, "get", gone)

    assert asyncio.run(results.find_array(store, "default", "k", "relations")) is None


def test_an_array_that_is_lost_is_told_and_made_anew(store: Store) -> None:
    """Gone, cut short or overwritten: never shown, and put right by whoever asks for the same again."""
    put(store, "k", relations=LARGE)
    (path,) = [found for found in store.files.folder.rglob("*") if found.is_file()]  # type: ignore[union-attr]
    for spoil in (path.unlink, lambda: path.write_bytes(LARGE[:100]), lambda: path.write_bytes(b"0" * len(LARGE))):
        spoil()
        with pytest.raises(Damaged) as raised:
            asyncio.run(results.find_array(store, "default", "k", "relations"))
        store.files.put(LARGE)

        assert str(path) not in str(raised.value)
        assert str(path) in raised.value.inside
        assert asyncio.run(results.find_array(store, "default", "k", "relations")) == LARGE


def test_an_unreachable_database_is_told_without_its_password(tmp_path: Path) -> None:
    """The address and the reason to whoever runs the server, to callers neither; nothing secret to anybody."""
    (tmp_path / "password").write_text("hunter2\n", encoding="utf-8")
    settings = Settings(
        data=tmp_path,
        database="postgresql://whence@127.0.0.1:1/whence",
        database_password_file=tmp_path / "password",
    )
    with pytest.raises(DatabaseUnavailable, match=r"^the database does not answer$") as raised:
        open_store(settings)

    assert connection.url_of(settings).password == "hunter2"
    assert "whence:***@127.0.0.1:1/whence does not answer" in raised.value.inside
    assert "hunter2" not in raised.value.inside


def test_errors_of_the_database_quote_no_text(store: Store) -> None:
    """They reach the log; what users typed does not."""
    put(store, "k")
    remember(store, "k", "first")
    with pytest.raises(Exception, match=r"(?i)unique") as raised:
        store.commit(
            lambda session: session.execute(
                text(
                    "insert into history (id, project, key, kind, text, model, label, note, created) values (99, 'default', 'k', 'k', :words, 'm', 'l', '', 1)"  # noqa: E501
                ),
                {"words": "a secret diary"},
            )
        )

    assert "a secret diary" not in str(raised.value)


@pytest.mark.parametrize("url", ["mysql://root:hunter2@db/whence", "whence", "postgresql+asyncpg://db/whence"])
def test_another_database_is_refused_at_the_start(url: str) -> None:
    """The message names what is allowed, and no password."""
    with pytest.raises(ValueError, match="postgresql://user@host/name") as raised:
        Settings(database=url)

    assert "hunter2" not in str(raised.value)


def test_a_restart_of_the_database_is_survived(postgresql: Server, tmp_path: Path) -> None:
    """Connections in the pool that the server closed are replaced."""
    store = open_store(Settings(data=tmp_path, database=postgresql.fresh()))
    put(store, "k")
    named = f"datname = '{store.engine.url.database}'"
    postgresql.run(f"select pg_terminate_backend(pid) from pg_stat_activity where {named}")

    assert asyncio.run(results.find(store, "default", "k", "explanation")) == b"body"
    store.close()


def test_the_migration_of_a_current_database_changes_nothing(store: Store) -> None:
    """Every start runs it."""
    put(store, "k")
    migrate(store.engine)

    assert asyncio.run(results.find(store, "default", "k", "explanation")) == b"body"


def test_what_is_stored_already_is_kept_for_somebody(store: Store) -> None:
    """Results of before an update are kept for those who asked, and jobs that are still to make one make it."""
    put(store, "k")
    remember(store, "k", "a film")
    new = {"title": "", "priority": 1, "project": "default", "kind": "explanation"}
    for state, id in (("queued", "a"), ("done", "b")):
        job = NewJob(id=id, request=json.dumps({"key": f"key of {id}"}), state=state, **new)  # type: ignore[arg-type]
        store.commit(partial(jobs.add, new=job))
    config = databases.Config()
    config.set_main_option("script_location", str(databases.MIGRATIONS))

    def again(open_: Connection) -> None:
        config.attributes["connection"] = open_
        databases.command.downgrade(config, "0004")
        databases.command.upgrade(config, "head")

    connection.change_tables(store.engine, again)
    held = store.query(
        lambda session: session.execute(text("SELECT key, holder FROM result_holders ORDER BY key")).all()
    )

    assert [tuple(row) for row in held] == [("k", "asked"), ("key of a", "asked")]
