"""SIGKILL of every process in the middle of jobs: nothing is lost, nothing is doubled, little is done again."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import Server, batch, rows_of, tiny_folder, wait_for
from tests.soak.kills import killed_data_set, kills, restarts

MODEL = "tiny"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    running = Server(folder / "data", models=(tiny_folder(folder / MODEL),)).start().ready()
    yield running
    running.close()


def long_job(server: Server, key: str, *, shards: int = 60) -> str:
    """Explanations, a few rows a shard: some seconds of work."""
    body = batch(shards * 4, shard_rows=4, model=MODEL, method="shap", players="token")
    return server.submit(body, key)


def in_the_middle(server: Server, id: str) -> int:
    return int(wait_for(lambda: (job := server.job(id))["state"] == "running" and job["done"] > 1 and job["done"]))


@pytest.mark.parametrize("what", ["engine", "runner", "web"])
def test_a_job_goes_on_behind_its_last_shard_after_a_kill(server: Server, what: str) -> None:
    """Each row is there once, and no shard was begun twice but those in hand."""
    id = long_job(server, f"killed {what}")
    before = in_the_middle(server, id)
    server.kill(what)
    job = server.finished(id)
    begun = server.shards_begun()
    mine = [count for (name, _), count in begun.items() if name == id]

    assert before < job["shards"]
    assert [row["row"] for row in rows_of(server, id)] == list(range(4 * job["shards"]))
    assert len(mine) == job["shards"]
    assert sum(mine) - len(mine) <= 1


def test_many_jobs_survive_kills_of_everything(tmp_path: Path, database: str | None) -> None:
    """As `make soak` does it with 1,500 jobs, on each database."""
    settings = {} if database is None else {"database": database}
    figures = kills(tmp_path, jobs=12, engine=1, web=1, runner=1, **settings)

    assert [figure for figure in figures if not figure.holds] == []


def test_a_cancelled_job_stops_and_a_retry_does_the_rest(server: Server) -> None:
    """What was stored before is not done again."""
    id = long_job(server, "cancelled")
    in_the_middle(server, id)
    assert server.http.delete(f"/v1/jobs/{id}").json()["state"] in ("cancelling", "cancelled")
    stopped = server.finished(id, "cancelled")
    assert server.http.post(f"/v1/jobs/{id}/retry").status_code == 202
    done = server.finished(id)
    again = sum(count - 1 for (name, _), count in server.shards_begun().items() if name == id)

    assert 0 < stopped["done"] < done["done"] == done["shards"]
    assert again <= 1


def test_a_stream_goes_on_behind_the_last_event(server: Server) -> None:
    """Versions rise without a gap that matters: each event is the whole state, the last one is final."""
    id = long_job(server, "followed")
    with server.http.stream("GET", f"/v1/jobs/{id}/events") as stream:
        first = next(int(line[4:]) for line in stream.iter_lines() if line.startswith("id: "))
    rest = server.http.get(f"/v1/jobs/{id}/events", headers={"Last-Event-ID": str(first)})
    later = [int(line[4:]) for line in rest.text.splitlines() if line.startswith("id: ")]

    assert later == sorted(set(later))
    assert later[0] > first
    assert '"state":"done"' in rest.text
    over = server.http.get(f"/v1/jobs/{id}/events", headers={"Last-Event-ID": str(later[-1])})
    assert over.status_code == 204


def test_sigterm_ends_streams_and_a_running_batch_and_loses_nothing(server: Server) -> None:
    """Within ten seconds, with somebody following; started again, the job is finished."""
    id = long_job(server, "interrupted")
    in_the_middle(server, id)
    followers = [threading.Thread(target=server.get, args=(f"/v1/jobs/{id}/events",)) for _ in range(5)]
    for follower in followers:
        follower.start()
    runner, engine = server.pid("runner"), server.pid("engine")
    seconds = server.stop()
    for follower in followers:
        follower.join(10)
    for pid in (runner, engine):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIG_DFL)
    server.start().ready()
    job = server.finished(id)

    assert seconds <= 10
    assert [row["row"] for row in rows_of(server, id)] == list(range(4 * job["shards"]))


def test_a_killed_reading_and_a_killed_prediction_of_a_data_set_are_done_whole(tmp_path: Path) -> None:
    """Each row is there once, and each has what the model says of it, once."""
    figures = killed_data_set(tmp_path, rows=6_000, deaths=1)

    assert [figure for figure in figures if not figure.holds] == []


def test_a_job_survives_a_restart_of_postgresql(tmp_path: Path) -> None:
    """Shards go on where they were, once the database is back; nothing is lost or doubled."""
    figures = restarts(tmp_path, rows=120, times=1)

    assert [figure for figure in figures if not figure.holds] == []


def test_a_server_that_is_shut_down_says_that_it_is_not_ready_before_it_stops_listening(tmp_path: Path) -> None:
    """So that a load balancer turns to others; it is alive, and answers, until then."""
    server = Server(tmp_path / "data", models=(tiny_folder(tmp_path / MODEL),), drain_seconds=4, runner=False)
    server.start().ready()
    try:
        assert server.process is not None
        server.process.terminate()
        refused = wait_for(lambda: (found := server.get("/readyz")) and found.status_code == 503 and found, pause=0.02)
        alive = server.get("/livez")

        assert refused.json()["code"] == "stopping"
        assert "retry-after" in refused.headers
        assert alive is not None
        assert alive.status_code == 200
        assert server.process.wait(30) in (0, -signal.SIGTERM)
    finally:
        server.close()
