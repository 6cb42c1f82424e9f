"""whence jobs against a server with a batch, run in this process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from app.cli import main
from app.cli.server.serve import address, listen
from app.client import Client, ClientError
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.served import served


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FastAPI, str]]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield app, address(listening)
    server.should_exit = True
    thread.join(timeout=30)


@pytest.fixture
def whence(running: tuple[FastAPI, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("WHENCE_SERVER", running[1])
    with Client(running[1]) as client:
        yield client


def run(app: FastAPI, id: str) -> None:
    execution(app.state.services.store).run(id)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["jobs", *arguments])
    found = capsys.readouterr()
    return int(ended.value.code or 0), found.out, found.err


def test_a_batch_is_sent_waited_for_and_read(running: tuple[FastAPI, str], whence: Client) -> None:
    """The client's own way through; the same key is the same job."""
    job = whence.batch(["good", "bad"], idempotency_key="a")
    assert whence.batch(["good", "bad"], idempotency_key="a").id == job.id
    run(running[0], job.id)
    done = whence.wait_for_job(job.id)

    assert done.state is State.DONE
    assert [row.label for row in whence.batch_results(job.id)] == ["yes", "no"]


def test_waiting_ends_after_so_long(whence: Client) -> None:
    """With the state it is in."""
    job = whence.batch(["good"])

    with pytest.raises(TimeoutError, match="queued"):
        whence.wait_for_job(job.id, seconds=0)
    with pytest.raises(ClientError, match="no job"):
        list(whence.batch_results("0" * 32))


def test_a_job_is_listed_cancelled_and_tried_again(
    running: tuple[FastAPI, str], whence: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command says what it found; waiting ends with 1 for a cancelled job and with 0 for a finished one."""
    id = whence.batch(["good"], method="leave-one-out").id

    assert id in printed(capsys, "list")[1]
    assert json.loads(printed(capsys, "cancel", id, "--json")[1])["state"] == "cancelled"
    assert printed(capsys, "wait", id)[0] == 1
    assert "queued" in printed(capsys, "retry", id)[1]
    run(running[0], id)
    code, out, _ = printed(capsys, "wait", id)
    assert (code, f"/v1/batches/{id}/results" in out) == (0, True)
    assert "1 of 1" in printed(capsys, "show", id)[1]
    assert json.loads(printed(capsys, "list", "--state", "done", "--json")[1])[0]["id"] == id


def test_a_mistake_is_one_line(whence: Client, capsys: pytest.CaptureFixture[str]) -> None:
    """A job that is not there, a server that does not answer."""
    for arguments in (("show", "nothing"), ("list", "--server", "http://127.0.0.1:1")):
        code, out, err = printed(capsys, *arguments)
        told = [line for line in err.splitlines() if not line.startswith("{")]  # the server's log is JSON
        assert (code, out, len(told)) == (2, "", 1)


def test_a_batch_is_deleted_with_what_it_stored(
    running: tuple[FastAPI, str], whence: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its job, its results and the explanation that was kept for it; asked for again there is none."""
    job = whence.batch(["a good deletion"], method="leave-one-out")
    run(running[0], job.id)
    (row,) = whence.batch_results(job.id)
    code, out, _ = printed(capsys, "delete", job.id)
    again = printed(capsys, "delete", job.id)
    with pytest.raises(ClientError) as gone:
        whence.find_explanation(str(row.explanation))
    listed = [each.id for each in whence.jobs(limit=100).jobs]

    assert (code, out) == (0, f"{job.id} is deleted\n")
    assert again[0] != 0
    assert "no job has the id" in again[2]
    assert gone.value.code == "not_found"
    assert job.id not in listed
