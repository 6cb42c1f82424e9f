"""Deleting as routes and pages ask for it: out of sight at once, out of the files before the answer where it is little.

What each thing takes along is told in store/forgetting.py.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from ..errors import NotFound
from ..store import jobs as stored_jobs
from ..store.connection import empty_log
from ..store.forgetting import clear_step, forget_dataset, forget_results
from ..web.dependencies import Services

PATIENCE = 5.0  # seconds that a caller waits for what is large; it goes on without him
LOG = structlog.get_logger("forgetting")


async def results(services: Services, project: str, key: str) -> bool:
    """A panel or an explanation, made or still being made. False where there is none."""
    change = partial(forget_results, files=services.store.files, project=project, keys=[key])
    found = await services.store.write(change)
    if found:
        await _cleared(services)
    return found


async def dataset(services: Services, project: str, id: str) -> None:
    """Raises NotFound."""
    if not await services.store.write(partial(forget_dataset, project=project, id=id)):
        raise NotFound(f"no data set is called {id[:80]!r}", cure="GET /v1/datasets lists the data sets.")
    await _cleared(services)


async def job(services: Services, project: str, id: str) -> None:
    """A batch, an audit or another job, with what it stored and the results that are kept for it. Raises NotFound."""
    if await services.store.write(partial(stored_jobs.forget, project=project, id=id)) is None:
        raise NotFound(f"no job has the id {id[:80]!r}")
    await _cleared(services)


async def _cleared(services: Services) -> None:
    """Waits until what was deleted is out of the database and its files, but not long."""
    task = asyncio.create_task(_clear(services))
    services.clearing.add(task)  # the loop alone would let it go
    task.add_done_callback(services.clearing.discard)
    await asyncio.wait({task}, timeout=PATIENCE)


async def _clear(services: Services) -> None:
    try:
        while await asyncio.to_thread(clear_step, services.store):
            pass
        if not await asyncio.to_thread(empty_log, services.store.engine):
            LOG.warning("the log of the database could not be emptied: it is tried again within the hour")
    except Exception as error:  # the hourly sweep goes on with it
        LOG.error("clearing failed", error=type(error).__name__)
