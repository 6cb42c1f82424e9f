from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from ..jobs import service as jobs_service
from ..jobs.api import Cursor, IdempotencyKey, Limit, Priority, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, attached, errors
from . import service
from .data.plan import Plan
from .review import Review
from .schemas import AuditOut, AuditsOut

router = APIRouter(prefix="/v1/audits", tags=["audits"], dependencies=[needs(Scope.READ)])
EXAMPLES = {
    "templates": {
        "value": {
            "model": "sentiment",
            "data": {"kind": "templates", "language": "en"},
            "metrics": ["false_positive_rate"],
        }
    },
}
REVIEWS = {"pair": {"value": {"not_comparable": [["muslim people", "christian people"]]}}}
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Run an audit that is declared by its plan, as a job",
)
async def create_audit(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[Plan, Body(openapi_examples=EXAMPLES)],
    key: IdempotencyKey = None,
    priority: Priority = jobs_service.MIDDLING,
) -> Response:
    return accepted(await service.submit(services, project, body, key=key, priority=priority))


@router.get("", responses=errors(*READING, 422), summary="The audits, newest first")
async def list_audits(
    services: ServicesDep,
    project: ProjectDep,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> AuditsOut:
    return await service.listing(services, project, cursor=cursor, limit=limit)


@router.get("/{id}", responses=errors(*READING, 404), summary="An audit and, once it is done, what it found")
async def get_audit(services: ServicesDep, project: ProjectDep, id: str) -> AuditOut:
    return await service.find(services, project, id)


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.AUDIT)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete an audit with its report, its rows and the texts that it quotes",
)
async def delete_audit(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await service.delete(services, project, id)
    return Response(status_code=204)


@router.post(
    "/{id}/reviews",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Decide something about a finished audit: another one of the same plan with it",
)
async def create_review(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    body: Annotated[Review, Body(openapi_examples=REVIEWS)],
    key: IdempotencyKey = None,
) -> Response:
    return accepted(await service.review(services, project, id, body, key=key))


@router.get(
    "/{id}/rows",
    response_class=Response,
    responses={200: {"content": {"application/vnd.apache.parquet": BINARY}}, **errors(*READING, 404, 409)},
    summary="The rows that every number was computed from: text hash, label, score, groups and cluster, as Parquet",
)
async def get_rows(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    found = await service.file(services, project, id, service.ROWS)
    return attached(found, service.ROWS, "application/vnd.apache.parquet", id=id)


@router.get(
    "/{id}/report",
    response_class=Response,
    responses={
        200: {"content": {media.partition(";")[0]: BINARY for _, media in service.FORMS.values()}},
        **errors(*READING, 404, 409, 422),
    },
    summary="The report: JSON, HTML, PDF, a model card, or everything as a ZIP",
)
async def get_report(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    format: Annotated[Literal["json", "html", "pdf", "md", "zip"], Query(description="Which form of it.")] = "json",
) -> Response:
    name, media = service.FORMS[format]
    return attached(await service.file(services, project, id, name), name, media, id=id)
