"""What is broken, and what one is told: every file of an installation cut short, overwritten, read-only, of a newer
version. Whoever runs the server reads one sentence with its cure, which docs/trouble.md has, too; callers learn no
host, user or path; whoever asks for something else is served."""

from __future__ import annotations

import errno
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from sqlalchemy import make_url
from starlette.testclient import TestClient

from app.cli import main
from app.errors import StorageFailed
from app.jobs.workflows import prepare, workflows_url
from app.settings import Settings
from app.store import models
from app.store.arrays import pack
from app.store.database import open_store
from app.store.tables import StoredArray
from tests.permissions import modes_count
from tests.served import served

ROOT = Path(__file__).parents[2]
TROUBLE = " ".join((ROOT / "docs" / "trouble.md").read_text(encoding="utf-8").split())
BODY = {"model": "sentiment", "input": {"text": "a good film"}, "method": "leave-one-out"}
PREDICTION = {"model": "sentiment", "inputs": [{"text": "a good film"}]}
LARGE = pack(np.random.default_rng(0).random((2, 3, 20, 20)).astype("float16"))
STARTS = ""  # the server starts: nobody needs to be told


@dataclass(frozen=True)
class Used:
    """A data folder after use, at rest and as a power cut leaves it, and what lies in it."""

    rest: Path
    cut: Path
    key: str
    array: str  # its file, below the data folder


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Used:
    base = tmp_path_factory.mktemp("used")
    rest, cut = base / "rest", base / "cut"
    app, _ = served(rest, inline_array=1000)
    with TestClient(app, base_url="http://localhost") as client:
        key = client.post("/v1/explanations", json=BODY).json()["key"]
        sent = client.post(
            "/v1/datasets", content=b"text,label\ngood,yes\nbad,no\n", headers={"content-type": "text/csv"}
        )
        assert sent.status_code == 202
        store = app.state.services.store
        digest, _ = store.files.put(LARGE)
        row = StoredArray(project="default", key=key, name="relations", digest=digest, body=None)
        store.commit(lambda session: session.add(row))
        shutil.copytree(rest, cut)
    with closing(sqlite3.connect(rest / "jobs.sqlite3")) as workflows:
        workflows.executescript("CREATE TABLE steps (body); INSERT INTO steps VALUES (randomblob(20000));")
    (rest / "whence.toml").write_text("budget = 1000\n", encoding="utf-8")
    (rest / "runner.lock").touch()
    return Used(rest, cut, key, f"arrays/{digest[:2]}/{digest}")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"\xff\x00no\n=" * (path.stat().st_size // 6 + 6))


def read_only(path: Path) -> None:
    path.chmod(0o400 if path.is_file() else 0o500)


def unreadable(path: Path) -> None:
    path.chmod(0)


def newer(path: Path) -> None:
    """As the next version leaves it."""
    if path.suffix == ".toml":
        path.write_text("budget = 1000\nsetting_of_tomorrow = 1\n", encoding="utf-8")
        return
    with closing(sqlite3.connect(path)) as database:
        if path.name == "jobs.sqlite3":
            database.executescript("CREATE TABLE dbos_migrations (version); INSERT INTO dbos_migrations VALUES (9999);")
            return
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


DAMAGED = "is damaged"
OTHER_TABLES = "has other tables than this version of Whence"
UNWRITABLE = "cannot be opened or written"
PERMISSION = "let the user that runs Whence read and write it"
# file, what is done to it, what every start and command says, what `whence db check` says once it could start
BREAKS: list[tuple[str, Callable[[Path], None], str, str]] = [
    ("whence.sqlite3", cut_short, DAMAGED, ""),
    ("whence.sqlite3", emptied, "has no bytes, though the data folder has been used", ""),
    ("whence.sqlite3", overwritten, DAMAGED, ""),
    ("whence.sqlite3", read_only, UNWRITABLE, ""),
    ("whence.sqlite3", newer, OTHER_TABLES, ""),
    ("secret", cut_short, "bytes instead of 32: remove it, and the next start makes a new one", ""),
    ("secret", overwritten, STARTS, ""),
    ("secret", unreadable, PERMISSION, ""),
    ("secret", read_only, STARTS, ""),
    ("whence.toml", cut_short, "is not TOML", ""),
    ("whence.toml", overwritten, "is not TOML", ""),
    ("whence.toml", unreadable, "cannot be read", ""),
    ("whence.toml", newer, "which is no setting", ""),
    ("ARRAY", cut_short, STARTS, "is cut short or overwritten: put it back from a backup, or delete the explanation"),
    ("ARRAY", overwritten, STARTS, "is cut short or overwritten"),
    ("ARRAY", unreadable, STARTS, "let the user that runs Whence read it"),
    ("ARRAY", Path.unlink, STARTS, "is not there: put it back from a backup, or delete the explanation"),
    ("jobs.sqlite3", cut_short, STARTS, "stop Whence and move it away (it holds no result"),
    ("jobs.sqlite3", overwritten, STARTS, "stop Whence and move it away (it holds no result"),
    ("jobs.sqlite3", unreadable, STARTS, "stop Whence and move it away (it holds no result"),
    ("jobs.sqlite3", newer, STARTS, "was written by a newer version of Whence: start that version, or stop Whence and"),
    ("runner.lock", overwritten, STARTS, ""),
    ("runner.lock", read_only, STARTS, "cannot be written: let the user that runs Whence read and write it"),
    ("under-way", read_only, PERMISSION, ""),
    ("arrays", read_only, STARTS, "cannot be written: let the user that runs Whence read and write it"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """`whence serve` up to where it would serve: then it has started."""
    monkeypatch.delenv("WHENCE_CONFIG", raising=False)

    def run(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        for each in sockets:
            each.close()
        print("started")

    monkeypatch.setattr(uvicorn.Server, "run", run)


@pytest.fixture
def broken(used: Used, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The data folder with one of its files broken; its modes count for root, too."""
    name, spoil, *_ = request.param
    data = tmp_path / "data"
    shutil.copytree(used.rest, data)
    path = data / (used.array if name == "ARRAY" else name)
    spoil(path)
    with modes_count():
        yield data
    if path.exists():
        path.chmod(0o700)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    return ended.value.code, told.out, told.err


def is_one_sentence(err: str, sentence: str) -> bool:
    return err.startswith("whence: ") and err.count("\n") == 1 and sentence in err


def name_of(each: tuple[Any, ...]) -> str:
    return f"{each[0]} {each[1].__name__}"


@pytest.mark.parametrize("broken", [each for each in BREAKS if each[2]], indirect=True, ids=name_of)
def test_a_start_and_every_command_end_with_one_sentence(
    broken: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its cure, which the documentation has too; nothing is changed by the attempt."""
    name, _, sentence, _ = request.node.callspec.params["broken"]
    commands = [["serve", "--port", "0"], ["db", "check"]]
    commands += (
        [] if name in ("secret", "under-way") else [["db", "upgrade"], ["keys", "list"], ["datasets", "list"], ["log"]]
    )
    for command in commands:
        code, out, err = said(capsys, *command, "--data", str(broken))
        if name in ("secret", "under-way") and command == ["db", "check"]:
            assert (code, err) == (1, "")
            assert sentence in out
        else:
            assert (code, out) == (2, "")
            assert is_one_sentence(err, sentence), err
    assert sentence in TROUBLE


@pytest.mark.parametrize("broken", [each for each in BREAKS if not each[2]], indirect=True, ids=name_of)
def test_a_server_starts_without_what_it_can_do_without(
    broken: Path, used: Used, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is ready and answers everybody else; the check names the fault and its cure."""
    *_, fault = request.node.callspec.params["broken"]
    assert said(capsys, "serve", "--port", "0", "--data", str(broken)) == (0, "started\n", "")
    code, out, err = said(capsys, "db", "check", "--data", str(broken))

    assert (code, err) == (1 if fault else 0, "")
    assert fault in out
    assert fault in TROUBLE
    app, _ = served(broken, inline_array=1000)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/predictions", json=PREDICTION).status_code == 200
        assert client.post("/v1/explanations", json=BODY).status_code == 200


FILES = {
    ("ARRAY", cut_short): (500, "damaged"),
    ("ARRAY", overwritten): (500, "damaged"),
    ("ARRAY", Path.unlink): (500, "damaged"),
    ("ARRAY", unreadable): (503, "storage"),
}


@pytest.mark.parametrize("broken", list(FILES), indirect=True, ids=name_of)
def test_a_caller_who_needs_the_file_is_told_without_its_place(
    broken: Path, used: Used, request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]
) -> None:
    """The log has it, with the cure."""
    status, code = FILES[request.node.callspec.params["broken"]]
    app, _ = served(broken, inline_array=1000)
    with TestClient(app, base_url="http://localhost") as client:
        if request.node.callspec.params["broken"][0] == "ARRAY":
            found = client.get(f"/v1/explanations/{used.key}/arrays/relations")
        else:
            found = client.post("/v1/datasets", content=b"text\na\n", headers={"content-type": "text/csv"})

    problem = found.json()
    assert (found.status_code, problem["code"]) == (status, code)
    assert problem["cure"]
    assert str(broken) not in found.text
    assert str(broken) in capfd.readouterr().err


def test_no_job_is_run_by_steps_of_a_newer_version(used: Used, tmp_path: Path) -> None:
    """The runner takes up the file that it wrote itself, and says why it does not take up the other."""
    data = tmp_path / "data"
    shutil.copytree(used.rest, data)
    url = make_url(workflows_url(Settings(data=data)))
    prepare(url)
    newer(data / "jobs.sqlite3")
    with pytest.raises(StorageFailed) as raised:
        prepare(url)

    assert str(data) not in str(raised.value)
    assert "jobs.sqlite3 was written by a newer version of Whence: start that version, or stop" in raised.value.inside


@pytest.mark.parametrize("spoil", [cut_short, overwritten])
def test_what_a_power_cut_leaves_of_the_log_of_changes_is_no_trouble(
    spoil: Callable[[Path], None], used: Used, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite takes the transactions that are whole, and so does Whence."""
    data = tmp_path / "data"
    shutil.copytree(used.cut, data)
    spoil(data / "whence.sqlite3-wal")

    assert said(capsys, "serve", "--port", "0", "--data", str(data)) == (0, "started\n", "")
    assert said(capsys, "db", "check", "--data", str(data))[0] in (0, 1)


def test_a_registered_folder_that_is_broken_is_named(
    used: Used, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gone, or without what it needs: the check says which, and what to do."""
    data = tmp_path / "data"
    shutil.copytree(used.rest, data)
    for name in ("gone", "empty"):
        store = open_store(Settings(data=data))
        store.commit(lambda session, name=name: models.put(session, str(tmp_path / name)))  # type: ignore[misc]
        store.close()
    (tmp_path / "empty").mkdir()
    code, out, err = said(capsys, "db", "check", "--data", str(data))

    assert (code, err) == (1, "")
    assert [line.split(":")[0] for line in out.splitlines()[:2]] == [f"model {tmp_path / n}" for n in ("gone", "empty")]
    assert out.count("repair the folder, or stop serving it") == 2


def test_the_process_that_a_user_starts_ends_so_too(used: Used, tmp_path: Path) -> None:
    """No traceback from any library on the way out, and an exit code that says it was not done."""
    data = tmp_path / "data"
    shutil.copytree(used.rest, data)
    overwritten(data / "whence.sqlite3")
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--data", str(data)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)

    assert (found.returncode, found.stdout) == (2, "")
    assert is_one_sentence(found.stderr, DAMAGED), found.stderr


def test_a_setting_that_is_wrong_is_corrected_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the environment or in the file, which the sentence names."""
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))
    (tmp_path / "whence.toml").write_text('budget = "much"\n', encoding="utf-8")
    in_the_file = said(capsys, "serve")[2]
    (tmp_path / "whence.toml").unlink()
    monkeypatch.setenv("WHENCE_BUDGET", "little")

    assert is_one_sentence(in_the_file, f"correct it in the file ({tmp_path / 'whence.toml'})")
    assert is_one_sentence(said(capsys, "serve")[2], "budget: Input should be a valid integer")
    assert is_one_sentence(said(capsys, "serve")[2], "correct it in the environment (WHENCE_BUDGET)")


def test_a_data_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file stands in its place: every command says so, and how to name another."""
    (tmp_path / "file").touch()
    for command in (["serve", "--port", "0"], ["db", "check"], ["worker"]):
        code, _, err = said(capsys, *command, "--data", str(tmp_path / "file" / "data"))

        assert code == 2
        assert is_one_sentence(err, "name a folder that the user that runs Whence may write"), err


def test_an_output_without_room_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`whence … > file` on a full disk."""

    class Full:
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def flush(self) -> None: ...

    monkeypatch.setattr(sys, "stdout", Full())

    assert is_one_sentence(said(capsys, "version")[2], "the output: No space left on device: make room on its disk")
