"""Is the process up, and can it explain?"""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from ..errors import EngineLoading, Stopping
from ..metrics import MEDIA_TYPE
from ..schemas import Record
from ..scopes import Scope
from ..store.job_condition import Doing
from ..web.dependencies import OPEN_TO_ALL, ServicesDep, VisitorDep, needs
from ..web.responses import READING, as_json, errors
from . import service

router = APIRouter(tags=["health"], dependencies=[OPEN_TO_ALL])


class Alive(Record):
    status: Literal["ok"] = "ok"


class Ready(Record):
    status: Literal["ready"] = "ready"
    models: tuple[str, ...]
    jobs: Doing  # whether they are run: failing means that they wait
    jobs_reason: str | None = None


@router.get("/livez", response_model=Alive, responses=errors(*READING), summary="The web process answers")
async def livez() -> Response:
    return as_json(Alive())


@router.get(
    "/readyz", response_model=Ready, responses=errors(*READING), summary="A model is ready, and the database answers"
)
async def readyz(services: ServicesDep, visitor: VisitorDep) -> Response:
    """Strangers hear whether, and not what: names of models may tell something."""
    if services.stopping.is_set():
        raise Stopping("the server is being shut down")
    ready = tuple(state.id for state in services.engine.models() if state.can_be_asked)
    if not ready:
        raise EngineLoading("no model is ready")
    await service.database_answers(services)
    runner = services.runner
    if visitor is None:
        return as_json(Ready(models=(), jobs=runner.doing))
    return as_json(Ready(models=ready, jobs=runner.doing, jobs_reason=runner.halt and runner.halt.said))


@router.get(
    "/metrics",
    dependencies=[needs(Scope.ADMIN)],
    response_class=PlainTextResponse,
    responses=errors(*READING),
    summary="Figures for Prometheus",
)
async def metrics(services: ServicesDep) -> Response:
    return Response(await service.figures(services), media_type=MEDIA_TYPE)
