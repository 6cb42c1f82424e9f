"""Explanations that nobody waits for: a job for each, under an id made of the key of its answer."""

from __future__ import annotations

from functools import partial

from ..._library import explainers
from ...engine.demand.costs import estimate
from ...errors import StillRunning
from ...jobs import following
from ...jobs.schemas import JobOut
from ...store import holders, results
from ...store.job_states import State
from ...web.dependencies import Services
from .schemas import Asked

KIND = "explanation"
PRIORITY = 50  # before whole data sets
TITLE = 80  # characters of the text


async def find(services: Services, project: str, key: str) -> JobOut | None:
    """The job that makes what is to lie under the key, or made it, or failed to."""
    return await following.find(services, project, KIND, key)


async def under_way(services: Services, project: str, key: str) -> JobOut | None:
    return await following.under_way(services, project, KIND, key)


async def made(services: Services, project: str, asked: Asked, *, wait: float, holder: str) -> bytes:
    """The answer, if its job is done within `wait` seconds. Raises StillRunning, or what the job failed with."""
    await services.store.write(partial(holders.hold, project=project, keys=[asked.key], holder=holder))
    known = await under_way(services, project, asked.key)
    job = known or await _submitted(services, project, asked)
    job = await following.outcome(services, project, job, wait=wait, mine=known is None)
    found = await results.find(services.store, project, asked.key, asked.kind) if job.state is State.DONE else None
    if found is None:
        raise StillRunning(job.id, asked.key)
    return found


async def _submitted(services: Services, project: str, asked: Asked) -> JobOut:
    given = asked.question.input
    text = given.name if isinstance(given, explainers.FileInput) else asked.question.text
    title = f"{asked.model} · {text[:TITLE]}{'…' if len(text) > TITLE else ''}"
    return await following.anew(
        services,
        project,
        KIND,
        asked.carried,
        key=asked.key,
        title=title,
        priority=PRIORITY,
        cost=estimate(asked.question),
    )
