from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from ..jobs.api import IdempotencyKey, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, errors
from . import service
from .schemas import TaughtJobOut, TaughtRequest

router = APIRouter(prefix="/v1/taught", tags=["taught"], dependencies=[needs(Scope.READ)])
EXAMPLE = {"with a check": {"value": {"model": "reviews-1a2b3c4d", "text": "The refund never came.", "leave_out": 10}}}


@router.post(
    "",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="The training texts that raised or lowered a prediction, as a job",
)
async def create_taught(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[TaughtRequest, Body(openapi_examples=EXAMPLE)],
    key: IdempotencyKey = None,
) -> Response:
    return accepted(await service.submit(services, project, body, key=key))


@router.get("/{id}", responses=errors(*READING, 404), summary="Training texts behind a prediction, once they are found")
async def get_taught(services: ServicesDep, project: ProjectDep, id: str) -> TaughtJobOut:
    return await service.find(services, project, id)


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.AUDIT)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a question after training texts",
)
async def delete_taught(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await service.delete(services, project, id)
    return Response(status_code=204)
