from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import READING, as_json, errors
from . import log
from .schemas import LogPage

router = APIRouter(prefix="/v1/log", tags=["access"], dependencies=[needs(Scope.ADMIN)])


@router.get("", response_model=LogPage, responses=errors(*READING, 422), summary="Who did what, newest first")
async def get_log(
    services: ServicesDep,
    project: ProjectDep,
    cursor: Annotated[str | None, Query(max_length=40, description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = log.PAGE,
) -> Response:
    return as_json(await log.lines(services.store, project, cursor=cursor, limit=limit))
