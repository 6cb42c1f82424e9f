from __future__ import annotations

from ..store import jobs
from ..web.dependencies import Services


async def figures(services: Services) -> bytes:
    """Everything that is measured, as Prometheus reads it."""
    engine = services.engine
    own = services.metrics.text(
        waiting=engine.waiting,
        starts=engine.starts,
        models=[model.status for model in engine.models()],
        jobs=await services.store.read(jobs.by_state),
    )
    return own + await engine.figures()
