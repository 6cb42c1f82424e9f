from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from fastapi.params import Depends as DependsOn
from fastapi.responses import Response, StreamingResponse

from ..scopes import Scope
from ..store.job_states import FINAL, State
from ..web.dependencies import CallerDep, ProjectDep, ServicesDep, needs, refuse_without
from ..web.responses import READING, as_json, errors
from . import service
from .registry import KINDS
from .schemas import JobOut, JobsPage

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], dependencies=[needs(Scope.READ)])
STREAM = "text/event-stream"
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {STREAM: {"schema": {"type": "string"}}}},
    204: {"description": "It has ended, and nothing is newer."},
}
QUIET = 20  # looks without a change, until a comment keeps the connection open
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", min_length=1, max_length=200, description="Sent again, it is the same job."),
]
Priority = Annotated[int, Query(ge=1, le=1000, description="The lower number runs first.")]
Cursor = Annotated[str | None, Query(max_length=60, description="The `next` of the previous page.")]
Limit = Annotated[int, Query(ge=1, le=service.MOST_JOBS)]


async def may_change(services: ServicesDep, project: ProjectDep, caller: CallerDep, id: str) -> None:
    """Raises NotFound, also for a job of another project, and NotAllowed."""
    job = await service.get(services, project, id)
    refuse_without(KINDS[job.kind].scope, caller)


OF_ITS_KIND: DependsOn = Depends(may_change)


def accepted(job: JobOut) -> Response:
    """202: the work will be done, and its address says how far it is."""
    return as_json(job, status=202, headers={"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"})


@router.get("", response_model=JobsPage, responses=errors(*READING, 422), summary="Long work, newest first")
async def list_jobs(
    services: ServicesDep,
    project: ProjectDep,
    state: Annotated[list[State] | None, Query(description="May be given several times.")] = None,
    kind: Annotated[str | None, Query(max_length=32)] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    found = await service.listing(services, project, states=state or (), kind=kind, cursor=cursor, limit=limit)
    return as_json(found)


@router.get("/{id}", response_model=JobOut, responses=errors(*READING, 404), summary="How far a job is")
async def get_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await service.get(services, project, id))


@router.get(
    "/{id}/events",
    response_class=StreamingResponse,
    responses=EVENTS | errors(*READING, 404),
    summary="A job's changes as they happen (server-sent events); resumes at Last-Event-ID",
)
async def follow_job(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    last: Annotated[str | None, Header(alias="Last-Event-ID", max_length=20)] = None,
) -> Response:
    after = int(last) if last is not None and last.isascii() and last.isdecimal() else 0
    job = await service.get(services, project, id)
    if job.state in FINAL and job.version <= after:
        return Response(status_code=204)  # tells a browser not to come again
    events = _events(service.changes(services, project, id, after=after))
    return StreamingResponse(events, media_type=STREAM, headers={"X-Accel-Buffering": "no"})


async def _events(changes: AsyncIterator[JobOut | None]) -> AsyncIterator[str]:
    """Each event is the job as GET answers it, under its version as id; between them a comment now and then."""
    yield "retry: 2000\n\n"
    silent = 0
    async for job in changes:
        silent = 0 if job else silent + 1
        if job:
            yield f"id: {job.version}\nevent: job\ndata: {job.model_dump_json()}\n\n"
        elif silent % QUIET == 0:
            yield ": still there\n\n"


@router.delete(
    "/{id}",
    dependencies=[OF_ITS_KIND],
    response_model=JobOut,
    responses=errors(*READING, 403, 404),
    summary="Ask a job to stop; its row stays",
)
async def cancel_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await service.cancel(services, project, id))


@router.post(
    "/{id}/retry",
    dependencies=[OF_ITS_KIND],
    status_code=202,
    response_model=JobOut,
    responses=errors(*READING, 403, 404, 409),
    summary="Try a failed or cancelled job again, behind what it has stored",
)
async def retry_job(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return accepted(await service.retry(services, project, id))
