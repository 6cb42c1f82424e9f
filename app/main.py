"""The application, wired. `uvicorn app.main:create_app --factory` serves it from a checkout."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from . import lean  # noqa: F401  # isort: skip - before whatever else loads structlog and alembic
from . import logging, pages
from .access.budget import Purses
from .accounts.api import router as access_api
from .audit.api import router as audit_api
from .batches.api import router as batches_api
from .changes.api import router as changes_api
from .contracts.api import router as contracts_api
from .datasets.api import router as datasets_api
from .engine.contract import EngineClient
from .explain.api import router as explain_api
from .generate.api import router as generate_api
from .guard.packing import Packed
from .guard.security import Guard
from .health.api import router as health_api
from .history.api import router as history_api
from .images.api import router as images_api
from .installation import Installation, open_installation
from .jobs.api import router as jobs_api
from .jobs.retention import forgetting
from .kserve.api import router as kserve_api
from .methods.api import router as methods_api
from .models.api import router as models_api
from .nearby.api import router as nearby_api
from .predict.api import router as predict_api
from .processes import supervised_engine
from .settings import Settings
from .store.database import Store
from .store.files import underway
from .store.job_condition import RunnerCondition
from .taught.api import router as taught_api
from .train.api import router as train_api
from .variants.api import router as variants_api
from .web import openapi, problems
from .web.dependencies import Services
from .workbench.api import router as workbench_api

ROUTERS = (
    health_api, kserve_api, models_api, predict_api, generate_api, methods_api, explain_api, images_api, history_api,
    batches_api, datasets_api, jobs_api, audit_api, changes_api, contracts_api, train_api, access_api, workbench_api,
    variants_api, nearby_api, taught_api,
)  # fmt: skip
EngineContext = Callable[[Settings, Store], AbstractAsyncContextManager[EngineClient]]
DESCRIPTION = """See where a prediction comes from: what a fine-tuned transformer says of a text, and why, by several
methods at once with their evidence. Errors are problem documents (RFC 9457): `detail` names the value and what is
allowed, `cure` says what to do."""


def create_app(
    settings: Settings | None = None,
    *,
    engine: EngineContext | None = None,
    installation: Installation | None = None,
) -> FastAPI:
    """engine: stands in for the engine process, in tests. installation: opened before, for who wants to hear in one
    sentence what is wrong with it."""
    chosen = settings or Settings()
    logging.configure()
    app = FastAPI(
        title="Whence",
        version="1",
        description=DESCRIPTION,
        lifespan=_lifespan(chosen, engine, installation),
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Guard, settings=chosen)
    app.add_middleware(Packed)
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router)
    pages.install(app)
    openapi.describe(app)
    return app


def _lifespan(
    settings: Settings, engine: EngineContext | None, installation: Installation | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        opened = installation
        if opened is None:
            opened = await asyncio.to_thread(open_installation, settings)
        store, runner = opened.store, RunnerCondition("starting" if settings.runner else "elsewhere")
        begun = engine(settings, store) if engine else supervised_engine(settings, store, runner)
        try:
            with underway.owned(settings.data) as scratch:
                async with begun as client:
                    app.state.services = services = Services(
                        settings=settings,
                        engine=client,
                        store=store,
                        fingerprint=opened.fingerprint,
                        runner=runner,
                        purses=Purses(settings.budget, max(1, settings.queue_size // 2)),
                        scratch=scratch,
                    )
                    async with forgetting(settings, store):
                        yield
                    await services.arrivals.close()
                    await services.flights.stop()
        finally:
            store.close()

    return lifespan
