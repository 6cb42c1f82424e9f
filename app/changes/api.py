from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from ..jobs import service as jobs
from ..jobs.api import Cursor, IdempotencyKey, Limit, Priority, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, errors
from . import service
from .schemas import ChangeJobOut, ChangeRequest, ChangesOut

router = APIRouter(prefix="/v1/changes", tags=["models"], dependencies=[needs(Scope.READ)])
EXAMPLES = {"two models": {"value": {"before": "sentiment", "after": "sentiment-8-bit", "dataset": "0" * 32}}}


@router.post(
    "",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Compare a model with what it came from, as a job: decisions, word scores, gaps, cost",
)
async def create_change(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[ChangeRequest, Body(openapi_examples=EXAMPLES)],
    key: IdempotencyKey = None,
    priority: Priority = jobs.MIDDLING,
) -> Response:
    return accepted(await service.submit(services, project, body, key=key, priority=priority))


@router.get("", responses=errors(*READING, 422), summary="The comparisons of models, newest first")
async def list_changes(
    services: ServicesDep,
    project: ProjectDep,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> ChangesOut:
    return await service.listing(services, project, cursor=cursor, limit=limit)


@router.get("/{id}", responses=errors(*READING, 404), summary="A comparison and, once it is done, what it found")
async def get_change(services: ServicesDep, project: ProjectDep, id: str) -> ChangeJobOut:
    return await service.find(services, project, id)


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.AUDIT)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a comparison of models",
)
async def delete_change(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await service.delete(services, project, id)
    return Response(status_code=204)
