"""A job runner that ends at every start: what everybody is told meanwhile, and how it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app import logging
from app.cli import main
from app.errors import StorageFull
from app.jobs.lifeline import Lifeline, reason_of
from app.jobs.runner import supervisor as supervisors
from app.jobs.runner.supervisor import RunnerSupervisor, ended_with
from app.jobs.runner.turn import is_held, one_at_a_time
from app.settings import Settings
from app.store.database import Store, open_store
from app.store.job_condition import RunnerCondition
from tests.served import served

BATCH = {"model": "sentiment", "inputs": [{"text": "a good film"}]}


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.02)


def test_a_runner_that_dies_at_every_start_says_why_and_goes_on_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Its own words reach the process that starts it; whoever mends the fault needs no restart."""
    logging.configure()
    monkeypatch.setattr(supervisors, "LONGEST_PAUSE", 0.2)
    settings = Settings(data=tmp_path, embedded=False)
    open_store(settings).close()
    file = tmp_path / "jobs.sqlite3"
    file.write_bytes(b"no database" * 1000)
    condition = RunnerCondition()

    async def live() -> None:
        task = asyncio.create_task(RunnerSupervisor(settings, engine=tmp_path / "none.sock", condition=condition).run())
        await until(lambda: condition.doing == "failing")
        assert condition.halt is not None
        assert condition.halt.said == "the file of the jobs' steps cannot be used"
        assert f"{file} is damaged (file is not a database): stop Whence and move it away" in condition.halt.inside
        file.unlink()
        await until(lambda: condition.doing == "running")
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    asyncio.run(live())
    told = capfd.readouterr().err

    assert condition.halt is None
    assert condition.starts >= 3
    assert "Traceback" not in told
    assert told.count("runner ended") >= 2


def test_one_end_is_no_trouble_and_two_in_a_row_are() -> None:
    """A runner that was killed is started again before anybody notices."""
    condition = RunnerCondition()
    condition.ended("it was killed", quick=True)
    assert (condition.doing, condition.halt) == ("starting", None)
    condition.ended("it was killed", quick=False)
    condition.ended("it was killed", quick=True)
    assert condition.halt is None
    condition.ended("it was killed", "the kernel's log", quick=True)
    assert condition.doing == "failing"
    assert condition.halt is not None
    condition.at_work()
    assert (condition.doing, condition.halt) == ("running", None)


def test_a_life_that_reached_its_work_counts_from_there() -> None:
    """Ends far apart, each after work was done, never add up to a runner that fails at its start."""
    condition = RunnerCondition()
    for _ in range(5):
        condition.ended("it was killed", quick=True)
        condition.at_work()

    assert condition.halt is None


@pytest.mark.parametrize(
    ("error", "said", "inside"),
    [
        (StorageFull("the disk is full", inside="/data is full"), "the disk is full", "/data is full"),
        (PermissionError(13, "Permission denied", "/data/x"), "the server cannot use one of its files", "/data/x"),
        (RuntimeError("a secret diary"), "it failed with RuntimeError", ""),
    ],
)
def test_the_reason_has_two_sides(error: Exception, said: str, inside: str) -> None:
    """One for everybody, without places and texts; one for whoever runs the server."""
    found = reason_of(error)

    assert found[0] == said
    assert inside in found[1]
    assert "diary" not in "".join(found)


def test_an_end_without_a_word_is_told_by_its_code() -> None:
    """Killed for want of memory, as a kernel does it; a code that no runner gives."""
    assert "no memory left" in ended_with(-9)[1]
    assert ended_with(3) == ("it ended with code 3", "it ended with code 3: see its output above")
    Lifeline(None).at_work()  # nobody listens


def test_everybody_hears_that_jobs_wait(tmp_path: Path) -> None:
    """Probe, metrics, page of the state, list and page of jobs, the job itself, in both languages."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        job = client.post("/v1/batches", json=BATCH).json()["id"]
        runner: RunnerCondition = app.state.services.runner
        runner.at_work()
        calm = client.get("/readyz").json()
        before = client.get("/jobs", headers={"accept": "text/html"}).text
        for _ in range(2):
            runner.ended("the disk of the database is full", "/data/whence.sqlite3 has no room left", quick=True)
        ready = client.get("/readyz")
        pages = [
            client.get(path, headers={"accept": "text/html"}).text for path in ("/jobs", f"/jobs/{job}", "/status")
        ]
        chinese = client.get(f"/jobs/{job}?lang=zh", headers={"accept": "text/html"}).text

        assert (calm["jobs"], calm["jobs_reason"]) == ("running", None)
        assert "Jobs are not being run." not in before
        assert ready.status_code == 200  # predictions are served: no balancer is to turn away
        assert ready.json()["jobs"] == "failing"
        assert ready.json()["jobs_reason"] == "the disk of the database is full"
        assert all("Jobs are not being run." in page for page in pages)
        assert ["/whence.sqlite3" in page for page in pages] == [
            False,
            False,
            True,
        ]  # who runs the server sees the place
        assert "任务当前没有运行。" in chinese
        assert "whence_runner_up 0.0" in client.get("/metrics").text
        note = "jobs are not being run: the disk of the database is full"
        assert client.get(f"/v1/jobs/{job}").json()["note"] == note
        assert client.get("/v1/jobs").json()["jobs"][0]["note"] == note


def test_a_worker_elsewhere_is_said_to_be_there(tmp_path: Path) -> None:
    """A web process without a runner does not claim that jobs fail."""
    app, _ = served(tmp_path, runner=False)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/readyz").json()["jobs"] == "elsewhere"


def test_a_worker_elsewhere_is_looked_for(store: Store, tmp_path: Path) -> None:
    """By the lock that it holds, on either database; one that is away for two looks is told, until it is back."""
    with one_at_a_time(store.engine, tmp_path):
        assert is_held(store.engine, tmp_path)
    store.engine.dispose()  # the process of the worker ends
    assert not is_held(store.engine, tmp_path)
    runner = RunnerCondition("elsewhere")
    runner.looked(found=False)
    assert runner.doing == "elsewhere"
    runner.looked(found=False)
    assert (runner.doing, runner.halt and runner.halt.said) == ("failing", "no worker is at work")
    runner.looked(found=True)
    assert (runner.doing, runner.halt) == ("elsewhere", None)


def test_the_check_of_a_worker_that_never_ran(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, as every command."""
    with pytest.raises(SystemExit) as ended:
        main(["worker", "--check", "--data", str(tmp_path)])

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
