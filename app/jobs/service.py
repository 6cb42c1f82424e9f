"""Jobs as everybody but the runner sees them: rows of a table. The runner finds a new row within half a second."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from pydantic import BaseModel
from sqlalchemy.orm import Session

from ..errors import BadRequest, Conflict, NotFound
from ..store import jobs
from ..store.job_states import FINAL, RETRIED, State
from ..store.jobs import NewJob, job_id
from ..store.tables import Job
from ..web.dependencies import Services
from .room import refuse_without_room
from .schemas import JobError, JobOut, JobsPage

ID = re.compile(r"[0-9a-f]{32}")
CURSOR = re.compile(r"([0-9]{1,18})-([0-9a-f]{32})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_JOBS = 100
LOOK_EVERY = 0.5  # seconds between two looks of somebody who follows a job
MIDDLING = 100  # the priority of a job whose caller names none


async def submit(
    services: Services,
    project: str,
    kind: str,
    request: BaseModel,
    *,
    title: str = "",
    priority: int = MIDDLING,
    key: str | None = None,
    cost: int = 0,
) -> JobOut:
    """The job, stored. `key`: the caller's Idempotency-Key, of which the id is made: asked again, it is the same job.

    cost: rows x tokens that it will ask of models, about; the caller pays them when the job is new. Raises OverBudget,
    TooManyJobs, ProjectFull, and Conflict where the key was used for another request.
    """
    body = request.model_dump_json()
    id = secrets.token_hex(16) if key is None else job_id(project, kind, key)
    known = key is not None and await services.store.read(partial(jobs.state_of, id=id)) is not None
    if not known:
        await refuse_without_room(services, project, size=len(body.encode()))
    if services.purse is not None and cost and not known:
        services.purse.charge(cost)
    new = NewJob(
        id=id, project=project, kind=kind, title=title, request=body, priority=priority,
        state=State.QUEUED, caller=services.caller,
    )  # fmt: skip
    found = await services.store.write(partial(jobs.add, new=new))
    if found.request == jobs.FORGOTTEN:
        raise Conflict("the job of this key was deleted and is about to stop", cure="Send it again in a moment.")
    if found.request != body or found.project != project:
        raise Conflict("this Idempotency-Key was used for another request", cure="Send another key, or none.")
    return job_out(found)


async def get(services: Services, project: str, id: str) -> JobOut:
    """Raises NotFound."""
    return _with_halt(services, job_out(await row(services, project, id)))


async def changes(services: Services, project: str, id: str, *, after: int = 0) -> AsyncGenerator[JobOut | None, None]:
    """The job whenever its version is beyond `after`, until it has ended or the server does; None where nothing is new.

    Each is the whole state, so that who missed some has missed nothing. Raises NotFound.
    """
    while True:
        job = await get(services, project, id)
        yield job if job.version > after else None
        after = max(after, job.version)
        if job.state in FINAL or await _stops(services, within=LOOK_EVERY):
            return


async def _stops(services: Services, *, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await services.stopping.wait()
    return services.stopping.is_set()


async def row(services: Services, project: str, id: str) -> Job:
    found = await services.store.read(partial(jobs.status, id=id, project=project)) if ID.fullmatch(id) else None
    return _there(found, id)


async def row_of(services: Services, project: str, id: str, *, kind: str, called: str) -> Job:
    """A job of one kind. Raises NotFound, also for a job of another kind: it is no `called`."""
    found = await row(services, project, id)
    if found.kind != kind:
        raise NotFound(f"the job {id} is no {called}")
    return found


async def answer_of(services: Services, row: Job) -> bytes | None:
    """The result of a job of one shard; None until it is done."""
    if row.state != State.DONE:
        return None
    return await services.store.read(partial(jobs.shard_body, job=row.id, shard=0))


async def request_of(services: Services, project: str, id: str) -> str:
    """The request of a job as JSON; `row` leaves it where it is, as it may be large. Raises NotFound."""
    found = await services.store.read(partial(jobs.find, id=id, project=project)) if ID.fullmatch(id) else None
    return _there(found, id).request


async def listing(
    services: Services,
    project: str,
    *,
    states: Sequence[State] = (),
    kind: str | None = None,
    cursor: str | None = None,
    limit: int = 20,
) -> JobsPage:
    """Newest first; `cursor` is the `next` of the previous page."""
    limit = max(1, min(limit, MOST_JOBS))
    query = partial(jobs.page, project=project, states=states, kind=kind, before=_position(cursor), limit=limit + 1)
    found = await services.store.read(query)
    last = found[limit - 1] if len(found) > limit else None
    shown = tuple(_with_halt(services, job_out(each)) for each in found[:limit])
    return JobsPage(jobs=shown, next=None if last is None else f"{last.created}-{last.id}")


async def cancel(services: Services, project: str, id: str) -> JobOut:
    """Asks it to stop; one that has ended stays as it is. Raises NotFound."""
    return job_out(_there(await services.store.write(partial(jobs.ask_to_stop, id=id, project=project)), id))


async def retry(services: Services, project: str, id: str) -> JobOut:
    """Puts a failed or cancelled job into the queue again, behind its stored shards. Raises NotFound, Conflict."""

    def again(session: Session) -> Job | None:
        job = jobs.locked(session, id, project)
        if job is not None and job.request == jobs.FORGOTTEN:
            raise Conflict("what the job was asked for was deleted", cure="Ask for it anew.")
        if job is not None and job.state in RETRIED:
            jobs.change(
                session, id, state=State.QUEUED, attempt=job.attempt + 1, error=None, error_code=None,
                finished=None, note="",
            )  # fmt: skip
        elif job is not None:
            raise Conflict(f"the job is {job.state}; only a failed or cancelled one can be tried again")
        return job

    return job_out(_there(await services.store.write(again), id))


async def file_size(services: Services, project: str, id: str, *, name: str) -> int:
    """Raises NotFound."""
    await row(services, project, id)
    size = await services.store.read(partial(jobs.file_size, job=id, name=name))
    if size is None:
        raise NotFound(f"the job {id} has no file {name[:80]!r}")
    return size


async def file(services: Services, project: str, id: str, *, name: str) -> AsyncIterator[bytes]:
    """The file in parts. Call file_size first: it raises NotFound."""
    part = 0
    while body := await services.store.read(partial(jobs.file_part, job=id, name=name, part=part)):
        yield body
        part += 1


def _with_halt(services: Services, job: JobOut) -> JobOut:
    """Whoever waits for a job hears why none is run."""
    halt = services.runner.halt
    if halt is None or job.state in FINAL:
        return job
    return job.model_copy(update={"note": f"jobs are not being run: {halt.said}"})


def job_out(job: Job) -> JobOut:
    state = State(job.state)
    share = 1.0 if state is State.DONE else min(0.999, (job.done + job.part) / job.shards) if job.shards else 0.0
    return JobOut(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=state,
        priority=job.priority,
        attempt=job.attempt,
        version=job.version,
        shards=job.shards,
        done=job.done,
        progress=round(share, 4),
        note="" if state in FINAL else job.note,
        created=_time(job.created),
        started=None if job.started is None else _time(job.started),
        finished=None if job.finished is None else _time(job.finished),
        result=None if job.result is None else json.loads(job.result),
        error=None if job.error_code is None else JobError(code=job.error_code, detail=job.error or ""),
    )


def _there(job: Job | None, id: str) -> Job:
    if job is None:
        raise NotFound(f"no job has the id {id[:80]!r}")
    return job


def _time(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _position(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
    return int(found[1]), found[2]
