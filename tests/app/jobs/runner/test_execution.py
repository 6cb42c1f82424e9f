"""A job from its row to its result: shards once each, whatever happens between."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

from app.batches.schemas import BatchRequest
from app.errors import Conflict, DatabaseUnavailable, NotFound
from app.jobs import service
from app.jobs.runner.execution import MOST_DEATHS
from app.jobs.runner.work import Work
from app.jobs.schemas import JobOut
from app.schemas import TextInput
from app.settings import Settings
from app.store import jobs
from app.store.database import Store
from app.store.job_condition import RunnerCondition
from app.store.job_states import State
from tests.app.jobs.inline import execution


def called(store: Store, function: Any, *positional: Any, **named: Any) -> Any:
    services: Any = SimpleNamespace(store=store, purse=None, caller=None, settings=Settings(), runner=RunnerCondition())

    async def run() -> Any:
        return await function(services, *positional, **named)

    return anyio.run(run)


def request(rows: int = 5, **fields: Any) -> BatchRequest:
    inputs = [TextInput(text=f"good film {number}") for number in range(rows)]
    return BatchRequest(model="sentiment", inputs=inputs, shard_rows=2, **fields)


def submitted(store: Store, asked: BatchRequest | None = None, **named: Any) -> JobOut:
    found: JobOut = called(store, service.submit, "default", "batch", asked or request(), **named)
    return found


def now(store: Store, id: str) -> JobOut:
    found: JobOut = called(store, service.get, "default", id)
    return found


def test_every_shard_is_stored_once(store: Store) -> None:
    """Five rows in shards of two are three shards, in order, and the job says so."""
    job = submitted(store)
    run = execution(store)
    run.run(job.id)
    found = now(store, job.id)

    assert (found.state, found.shards, found.done, found.progress) == (State.DONE, 3, 3, 1.0)
    assert found.result is not None
    assert found.result["rows"] == 5
    assert run.executor.asked == ["score"] * 3


def test_a_stored_shard_is_not_done_again(store: Store) -> None:
    """A step that was interrupted is called again for all of its shards."""
    job = submitted(store)
    first = execution(store)
    first.begin(job.id)
    assert first.shards(job.id, 0, 2)
    second = execution(store, slots=2)

    assert second.begin(job.id) == 3
    assert second.shards(job.id, 0, 2)
    assert second.executor.asked == []
    second.run(job.id)
    assert second.executor.asked == ["score"]
    assert now(store, job.id).state == State.DONE


class Building:
    """A kind whose last shards need the first two; notes what is stored when each is run."""

    name = "batch"
    Request = BatchRequest

    def __init__(self) -> None:
        self.there: dict[int, frozenset[int]] = {}

    def shards(self, work: Work) -> int:
        return 5

    def after(self, work: Work, shard: int) -> int:
        return 2 if shard >= 2 else 0

    def run(self, work: Work, shard: int) -> bytes:
        self.there[shard] = work.store.query(lambda session: jobs.shards_done(session, work.id))
        return bytes([shard])

    def finish(self, work: Work) -> dict[str, Any]:
        return {"rows": len(list(work.results()))}


def test_a_shard_waits_for_those_it_builds_on(store: Store) -> None:
    """Also where they are in hand together."""
    job, kind = submitted(store), Building()
    run = execution(store, slots=5)
    run.kinds = lambda name: kind
    run.run(job.id)

    assert now(store, job.id).result == {"rows": 5}
    assert all({0, 1} <= kind.there[shard] for shard in (2, 3, 4))


def test_a_shard_is_done_again_when_the_engine_ends(store: Store) -> None:
    """Nobody is asked and nothing is lost."""
    job = submitted(store)
    execution(store, deaths=MOST_DEATHS - 1).run(job.id)

    assert now(store, job.id).state == State.DONE


def test_a_shard_that_ends_the_engine_each_time_fails_the_job(store: Store) -> None:
    """It says so; a retry goes on behind what is stored."""
    job = submitted(store)
    execution(store, deaths=MOST_DEATHS).run(job.id)
    failed = now(store, job.id)

    assert failed.state == State.FAILED
    assert failed.error is not None
    assert "the engine ended" in failed.error.detail
    again = called(store, service.retry, "default", job.id)
    assert (again.state, again.attempt, again.error) == (State.QUEUED, 2, None)
    execution(store).run(job.id)
    assert now(store, job.id).state == State.DONE


def test_a_running_job_stops_when_asked(store: Store) -> None:
    """What is stored stays; a retry does the rest only."""
    job = submitted(store)
    run = execution(store)
    run.begin(job.id)
    run.shards(job.id, 0, 1)
    assert called(store, service.cancel, "default", job.id).state == State.CANCELLING
    run.stop(job.id)

    assert not run.shards(job.id, 1, 2)
    run.finish(job.id)
    stopped = now(store, job.id)
    assert (stopped.state, stopped.done) == (State.CANCELLED, 1)
    called(store, service.retry, "default", job.id)
    again = execution(store)
    again.run(job.id)
    assert again.executor.asked == ["score"] * 2


def test_a_queued_job_is_cancelled_at_once(store: Store) -> None:
    """The runner then does nothing about it."""
    job = submitted(store)
    assert called(store, service.cancel, "default", job.id).state == State.CANCELLED
    run = execution(store)
    run.run(job.id)

    assert run.executor.asked == []
    assert now(store, job.id).state == State.CANCELLED


def test_the_same_idempotency_key_is_the_same_job(store: Store) -> None:
    """For the same request; another request with it is a conflict, and other projects have keys of their own."""
    first, second = submitted(store, key="a"), submitted(store, key="a")

    assert first.id == second.id
    with pytest.raises(Conflict):
        submitted(store, request(rows=1), key="a")
    assert called(store, service.submit, "other", "batch", request(), key="a").id != first.id


def test_another_project_has_not_such_a_job(store: Store) -> None:
    """Neither to see nor to stop nor to try again."""
    job = submitted(store)

    for function in (service.get, service.cancel, service.retry):
        with pytest.raises(NotFound):
            called(store, function, "other", job.id)


def test_jobs_are_listed_newest_first_page_by_page(store: Store) -> None:
    """The cursor of one page leads to the next, and nothing is shown twice."""
    made = [submitted(store).id for _ in range(5)]
    first = called(store, service.listing, "default", limit=3)
    second = called(store, service.listing, "default", limit=3, cursor=first.next)

    assert [job.id for job in (*first.jobs, *second.jobs)] == made[::-1]
    assert second.next is None


def test_an_explanation_of_a_batch_is_looked_up_the_second_time(store: Store) -> None:
    """Under the same key as a single explanation's, so that each has its page."""
    asked = request(rows=2, method="leave-one-out")
    first, second = submitted(store, asked), submitted(store, asked)
    execution(store).run(first.id)
    run = execution(store)
    run.run(second.id)
    bodies = [store.query(lambda session, id=id: jobs.shard_body(session, id, 0)) for id in (first.id, second.id)]

    assert run.executor.asked == []
    assert bodies[0] == bodies[1]


def test_a_file_is_given_back_in_parts(store: Store) -> None:
    """Larger than one row holds."""
    job = submitted(store)
    body = bytes(range(256)) * (2 * jobs.PART // 256 + 1)
    work: Any = Work(job.id, "default", None, store, None, None)  # type: ignore[arg-type]
    work.keep("a.bin", body)

    async def read() -> bytes:
        services: Any = SimpleNamespace(
            store=store, purse=None, caller=None, settings=Settings(), runner=RunnerCondition()
        )
        return b"".join([part async for part in service.file(services, "default", job.id, name="a.bin")])

    assert anyio.run(read) == body
    assert called(store, service.file_size, "default", job.id, name="a.bin") == len(body)


def test_an_unexpected_error_does_not_quote_what_it_was_about(store: Store) -> None:
    """A message may hold a text."""

    def break_down() -> None:
        raise RuntimeError("secret text")

    job = submitted(store)
    execution(store, before=break_down).run(job.id)
    found = now(store, job.id)

    assert found.state == State.FAILED
    assert json.dumps(found.model_dump(mode="json")).count("secret text") == 0


def test_a_database_that_is_away_is_no_fault_of_the_job(store: Store) -> None:
    """The error gets out, so that the runner starts anew; the job goes on where it was."""

    def away() -> None:
        raise DatabaseUnavailable("it does not answer")

    job = submitted(store)
    with pytest.raises(DatabaseUnavailable):
        execution(store, before=away).run(job.id)

    assert now(store, job.id).state == State.RUNNING
    execution(store).run(job.id)
    assert now(store, job.id).state == State.DONE


def test_looking_for_new_jobs_reads_no_request(store: Store) -> None:
    """It happens four times a second, and a request may hold a thousand texts."""
    job = submitted(store)
    (found,) = store.query(lambda session: jobs.in_states(session, [State.QUEUED]))

    assert found.id == job.id
    assert "request" not in vars(found)
