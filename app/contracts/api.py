from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from ..jobs import service as jobs
from ..jobs.api import Cursor, IdempotencyKey, Limit, Priority, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, attached, errors
from . import service
from .schemas import CheckJobOut, CheckRequest, ChecksOut

router = APIRouter(prefix="/v1/checks", tags=["models"], dependencies=[needs(Scope.READ)])
GOLDEN = 'name = "first"\n[[golden]]\ntext = "a gorgeous, witty film"\npredicts = "positive"\n'
EXAMPLES = {"a golden text": {"value": {"model": "sentiment", "contract": GOLDEN}}}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {media.partition(";")[0]: BINARY for _, media in service.FORMS.values()}}
}


@router.post(
    "",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Hold a contract against a model, as a job",
)
async def create_check(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[CheckRequest, Body(openapi_examples=EXAMPLES)],
    key: IdempotencyKey = None,
    priority: Priority = jobs.MIDDLING,
) -> Response:
    return accepted(await service.submit(services, project, body, key=key, priority=priority))


@router.get("", responses=errors(*READING, 422), summary="The checks of contracts, newest first")
async def list_checks(
    services: ServicesDep,
    project: ProjectDep,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> ChecksOut:
    return await service.listing(services, project, cursor=cursor, limit=limit)


@router.get("/{id}", responses=errors(*READING, 404), summary="A check and, once it is done, what it found")
async def get_check(services: ServicesDep, project: ProjectDep, id: str) -> CheckJobOut:
    return await service.find(services, project, id)


@router.get(
    "/{id}/report",
    response_class=Response,
    responses=FILES | errors(*READING, 404, 409, 422),
    summary="A check as JUnit XML, or the heat maps behind what did not pass",
)
async def get_check_report(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    format: Annotated[Literal["junit", "html"], Query(description="Which form of it.")] = "junit",
) -> Response:
    name, media = service.FORMS[format]
    return attached(await service.file(services, project, id, format), name, media, id=id)


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.AUDIT)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a check of a contract",
)
async def delete_check(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await service.delete(services, project, id)
    return Response(status_code=204)
