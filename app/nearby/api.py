from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from ..jobs.api import accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, as_json, errors
from . import service
from .schemas import By, Limit, MeaningRequest, NearbyOut, SearchRequest

router = APIRouter(prefix="/v1/datasets/{id}", tags=["workbench"], dependencies=[needs(Scope.READ)])
ENCODER = {"the embedded encoder": {"value": {"encoder": "similarity"}}}
SEARCH = {"a complaint": {"value": {"text": "the parcel never came", "limit": 10}}}


@router.get(
    "/rows/{number}/similar",
    response_model=NearbyOut,
    responses=errors(*READING, 404, 409, 422),
    summary="Rows near a row, by the classifier's states or by meaning",
)
async def get_similar(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    number: int,
    by: By = "states",
    model: Annotated[str, Query(max_length=200, description="By default the last that was asked.")] = "",
    limit: Limit = 20,
) -> Response:
    return as_json(await service.similar(services, project, id, number, by=by, model=model, limit=limit))


@router.post(
    "/meaning",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Make a vector of every row by a sentence encoder",
)
async def create_meaning(
    services: ServicesDep, project: ProjectDep, id: str, body: Annotated[MeaningRequest, Body(openapi_examples=ENCODER)]
) -> Response:
    return accepted(await service.make(services, project, id, body.encoder))


@router.post(
    "/meaning/search",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=NearbyOut,
    responses=errors(*ASKING, 404, 409),
    summary="Search the rows by meaning",
)
async def search_meaning(
    services: ServicesDep, project: ProjectDep, id: str, body: Annotated[SearchRequest, Body(openapi_examples=SEARCH)]
) -> Response:
    return as_json(await service.search(services, project, id, body.text, limit=body.limit))
