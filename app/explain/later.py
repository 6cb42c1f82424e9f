"""Explanations that nobody waits for: a job for each, under an id made of the key of its answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from ..access.metered import Metered
from ..dependencies import Services
from ..engine.errors import from_wire
from ..errors import Conflict, NotFound, StillRunning
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..jobs.states import FINAL, State
from ..store import jobs as stored
from ..store import results
from .schemas import Asked

KIND = "explanation"
PRIORITY = 50  # before whole data sets
TITLE = 80  # characters of the text


def job_of(project: str, key: str) -> str:
    """The id of the job that makes it."""
    return jobs.job_id(project, KIND, key)


async def find(services: Services, project: str, key: str) -> JobOut | None:
    """The job that makes what is to lie under the key, or made it, or failed to."""
    with suppress(NotFound):
        return await jobs.get(services, project, job_of(project, key))
    return None


async def under_way(services: Services, project: str, key: str) -> JobOut | None:
    job = await find(services, project, key)
    return None if job is None or job.state in FINAL else job


async def made(services: Services, project: str, asked: Asked, *, wait: float) -> bytes:
    """The answer, if its job is done within `wait` seconds. Raises StillRunning, or what the job failed with."""
    known = await under_way(services, project, asked.key)
    job = known or await _submitted(services, project, asked)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                job = await _ended(services, project, job)
    except asyncio.CancelledError:
        if known is None and not services.stopping.is_set():  # the caller went without having learned of the job
            await jobs.cancel(services, project, job.id)
        raise
    if job.state == State.DONE:
        found = await results.find(services.store, project, asked.key, asked.kind)
        if found is not None:
            return found
    if job.state == State.FAILED and job.error is not None:
        raise from_wire(job.error.code, job.error.detail)
    if job.state == State.CANCELLED:
        raise Conflict(f"the job {job.id} was cancelled", cure="Ask again to start it anew.")
    raise StillRunning(job.id, asked.key)


async def forget(services: Services, project: str, key: str) -> None:
    """With the answer goes the job that made it: it holds the text."""
    await services.store.write(partial(stored.remove_ended, id=job_of(project, key), project=project))


async def _submitted(services: Services, project: str, asked: Asked) -> JobOut:
    """A job that ended before, in whichever way, is begun anew: somebody asks again."""
    if isinstance(services.engine, Metered):
        services.engine.charge(asked.question)
    await forget(services, project, asked.key)
    title = f"{asked.model} · {asked.question.text[:TITLE]}"
    return await jobs.submit(services, project, KIND, asked, title=title, priority=PRIORITY, key=asked.key)


async def _ended(services: Services, project: str, job: JobOut) -> JobOut:
    async with aclosing(jobs.changes(services, project, job.id)) as changes:
        async for state in changes:
            job = state or job
    return job
