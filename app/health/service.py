from __future__ import annotations

from ..errors import StorageFailed
from ..logging import tell_operator
from ..store import jobs
from ..store.database import answers
from ..web.dependencies import Services

PROBE_SECONDS = 3.0  # a probe that takes longer counts as failed at most balancers


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
    return own + await engine.figures()


async def _jobs(services: Services) -> dict[str, int] | None:
    try:
        return await services.store.read(jobs.by_state, within=PROBE_SECONDS)
    except StorageFailed as error:
        tell_operator(error)
        return None
