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
from .schemas import BehavioursOut, VariantsOut, VariantsRequest

router = APIRouter(prefix="/v1/datasets/{id}", tags=["variants"], dependencies=[needs(Scope.READ)])
EXAMPLE = {
    "typing errors and a list of words": {
        "value": {
            "where": 'label = "positive"',
            "rows": 200,
            "recipes": [
                {"how": "typo", "times": 2},
                {"how": "replace", "pairs": [["good", "bad"]], "must": "fall", "target": "positive"},
            ],
        }
    }
}


@router.post(
    "/variants",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Vary rows of a selection, and ask the model about the variants",
)
async def create_variants(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    body: Annotated[VariantsRequest, Body(openapi_examples=EXAMPLE)],
) -> Response:
    return accepted(await service.make(services, project, id, body))


@router.get(
    "/variants",
    response_model=VariantsOut,
    responses=errors(*READING, 404, 422),
    summary="The data sets of variants that were made of this one, with what they show",
)
async def list_variants(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await service.listing(services, project, id))


@router.get(
    "/behaviours",
    response_model=BehavioursOut,
    responses=errors(*READING, 404, 409, 422),
    summary="What a data set of variants shows: flips and failures by recipe, with intervals",
)
async def get_behaviours(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    model: Annotated[str, Query(max_length=200, description="By default the one the variants were made for.")] = "",
) -> Response:
    return as_json(await service.behaviours(services, project, id, model))
