"""Comparisons of models as somebody asks for them: what can be known to be wrong is refused before the job."""

from __future__ import annotations

import asyncio

from ..datasets import service as datasets
from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..errors import BadRequest
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..store.tables import Job
from ..web.dependencies import Services
from .schemas import ChangeJobOut, ChangeOut, ChangeRequest, ChangesOut

KIND = "change"


async def submit(
    services: Services, project: str, asked: ChangeRequest, *, key: str | None = None, priority: int = jobs.MIDDLING
) -> JobOut:
    """Raises NotFound, Conflict (a data set that is not read yet), BadRequest (models that cannot be compared)."""
    named = (asked.before, asked.after, *([asked.twin] if asked.twin else []))
    states = [await services.engine.ready(name) for name in named]
    for state in states:
        if not state.classifies_texts:
            raise BadRequest(f"{state.id} gives no class of a text", cure="Compare classifiers.")
        if state.labels != states[0].labels:
            raise BadRequest(
                f"{state.id} has the classes {', '.join(state.labels)[:200]}, {states[0].id} has "
                f"{', '.join(states[0].labels)[:200]}",
                cure="Compare models with the same classes in the same order.",
            )
    found = await asyncio.to_thread(datasets.ready, services.store, project, asked.dataset)
    tokens = tokens_of_file(found.bytes, found.rows)
    cost = len(states) * (tokens + asked.texts * USUAL_PASSES * tokens // max(1, found.rows))
    title = f"{states[0].title} → {states[1].title}"
    return await jobs.submit(services, project, KIND, asked, title=title, key=key, priority=priority, cost=cost)


async def listing(services: Services, project: str, *, cursor: str | None = None, limit: int = 20) -> ChangesOut:
    found = await jobs.listing(services, project, kind=KIND, cursor=cursor, limit=limit)
    return ChangesOut(changes=found.jobs, next=found.next)


async def find(services: Services, project: str, id: str) -> ChangeJobOut:
    """Raises NotFound for what is no comparison."""
    row = await _row(services, project, id)
    body = await jobs.answer_of(services, row)
    change = None if body is None else ChangeOut.model_validate_json(body)
    return ChangeJobOut(job=jobs.job_out(row), change=change)


async def delete(services: Services, project: str, id: str) -> None:
    """One that runs is stopped. Raises NotFound."""
    await _row(services, project, id)
    await forgetting.job(services, project, id)


async def _row(services: Services, project: str, id: str) -> Job:
    return await jobs.row_of(services, project, id, kind=KIND, called="comparison of models")
