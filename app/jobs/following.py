"""For a caller who waits for a job a little: one job for equal questions, and what came of it in time."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from functools import partial

from pydantic import BaseModel

from ..engine.errors import from_wire
from ..errors import Conflict, NotFound
from ..store import jobs as stored
from ..store.job_states import FINAL, State
from ..web.dependencies import Services
from . import service
from .schemas import JobOut


async def find(services: Services, project: str, kind: str, key: str) -> JobOut | None:
    """The job that was asked for under this key, whatever became of it."""
    with suppress(NotFound):
        return await service.get(services, project, stored.job_id(project, kind, key))
    return None


async def under_way(services: Services, project: str, kind: str, key: str) -> JobOut | None:
    job = await find(services, project, kind, key)
    return None if job is None or job.state in FINAL else job


async def anew(
    services: Services,
    project: str,
    kind: str,
    request: BaseModel,
    *,
    key: str,
    title: str,
    priority: int = service.MIDDLING,
    cost: int = 0,
) -> JobOut:
    """The job of this key. One that ended before, in whichever way, is begun anew: somebody asks again.

    A caller who goes while it is stored takes it along, as `outcome` has it for one who goes later.
    """
    id = stored.job_id(project, kind, key)
    await services.store.write(partial(stored.remove_ended, id=id, project=project))
    try:
        return await service.submit(
            services, project, kind, request, title=title, priority=priority, key=key, cost=cost
        )
    except asyncio.CancelledError:
        if not services.stopping.is_set():
            with suppress(NotFound):
                await service.cancel(services, project, id)
        raise


async def outcome(services: Services, project: str, job: JobOut, *, wait: float, mine: bool) -> JobOut:
    """The job as it is when it has ended, or after `wait` seconds. Raises what it failed with, Conflict if cancelled.

    mine: whoever waits has made it, and it is cancelled when he goes without having learned of it.
    """
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                job = await _ended(services, project, job)
    except asyncio.CancelledError:
        if mine and not services.stopping.is_set():
            await service.cancel(services, project, job.id)
        raise
    if job.state is State.FAILED and job.error is not None:
        raise from_wire(job.error.code, job.error.detail)
    if job.state is State.CANCELLED:
        raise Conflict(f"the job {job.id} was cancelled", cure="Ask again to start it anew.")
    return job


async def _ended(services: Services, project: str, job: JobOut) -> JobOut:
    async with aclosing(service.changes(services, project, job.id)) as changes:
        async for state in changes:
            job = state or job
    return job
