from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from ..access.scopes import Scope
from ..dependencies import ProjectDep, ServicesDep, needs
from ..responses import READING, as_json, errors
from . import service
from .schemas import JobOut, JobsPage
from .states import State

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=[needs(Scope.READ)])
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Sent again, it is the same job."),
]


def accepted(job: JobOut) -> Response:
    """202: the work will be done, and its address says how far it is."""
    return as_json(job, status=202, headers={"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"})


@router.get("", response_model=JobsPage, responses=errors(*READING, 422), summary="Long work, newest first")
async def list_jobs(
    services: ServicesDep,
    project: ProjectDep,
    state: Annotated[list[State] | None, Query(description="May be given several times.")] = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    cursor: Annotated[str | None, Query(max_length=60, description="The `next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.MOST_JOBS)] = 20,
) -> Response:
    found = await service.listing(services, project, states=state or (), kind=kind, cursor=cursor, limit=limit)
    return as_json(found)


@router.get("/{id}", response_model=JobOut, responses=errors(*READING, 404), summary="How far a job is")
async def get_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await service.get(services, project, id))


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=JobOut,
    responses=errors(*READING, 403, 404),
    summary="Ask a job to stop; its row stays",
)
async def cancel_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await service.cancel(services, project, id))


@router.post(
    "/{id}/retry",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*READING, 403, 404, 409),
    summary="Try a failed or cancelled job again, behind what it has stored",
)
async def retry_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return accepted(await service.retry(services, project, id))
