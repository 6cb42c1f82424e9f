from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import READING, WRITING, as_json, errors
from . import service
from .schemas import HistoryPage, NoteRequest

router = APIRouter(prefix="/v1/history", tags=["history"], dependencies=[needs(Scope.READ)])
EXAMPLES = {"a note": {"value": {"note": "The clumsy opening outweighs the witty film."}}}


@router.get("", response_model=HistoryPage, responses=errors(*READING, 422), summary="What was asked, last asked first")
async def list_history(
    services: ServicesDep,
    project: ProjectDep,
    search: Annotated[str | None, Query(max_length=200, description="In texts and notes.")] = None,
    cursor: Annotated[str | None, Query(max_length=60, description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.MOST_ENTRIES)] = 20,
) -> Response:
    return as_json(await service.entries(services, project, search=search, cursor=cursor, limit=limit))


@router.put(
    "/{key}/note",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*WRITING, 404),
    summary="Write a note beside an entry",
)
async def write_note(
    services: ServicesDep, project: ProjectDep, key: str, body: Annotated[NoteRequest, Body(openapi_examples=EXAMPLES)]
) -> Response:
    await service.set_note(services, key, body.note, project)
    return Response(status_code=204)


@router.delete(
    "/{key}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete an entry with its result",
)
async def delete_entry(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    await service.delete(services, key, project)
    return Response(status_code=204)
