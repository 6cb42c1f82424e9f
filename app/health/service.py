from __future__ import annotations

import asyncio

from ..engine.contract import EngineClient
from ..engine.messages import Count
from ..errors import AppError, StorageFailed
from ..logging import tell_operator
from ..store import jobs
from ..store.database import answers
from ..web.dependencies import Services

PROBE_SECONDS = 3.0  # a probe that takes longer counts as failed at most balancers
ENGINE_SECONDS = 2.0  # until its figures are left out


async def database_answers(services: Services) -> None:
    """Raises DatabaseUnavailable, StorageFailed."""
    await services.store.read(answers, within=PROBE_SECONDS)


async def fault_of_database(services: Services) -> StorageFailed | None:
    try:
        await database_answers(services)
    except StorageFailed as error:
        tell_operator(error)
        return error
    return None


async def figures(services: Services) -> bytes:
    """Everything that is measured, as Prometheus reads it; without the jobs while the database does not answer."""
    engine = services.engine
    own = services.metrics.text(
        waiting=engine.waiting,
        starts=engine.starts,
        models=[model.status for model in engine.models()],
        jobs=await _jobs(services),
        runner=services.runner,
    )
    return own + await _counted(engine)


async def _counted(engine: EngineClient) -> bytes:
    """The counts of the engine; empty while there is none, or where it does not say it at once."""
    try:
        async with asyncio.timeout(ENGINE_SECONDS):
            return await engine.ask(Count())
    except (AppError, TimeoutError):
        return b""


async def _jobs(services: Services) -> dict[str, int] | None:
    try:
        return await services.store.read(jobs.by_state, within=PROBE_SECONDS)
    except StorageFailed as error:
        tell_operator(error)
        return None
