from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from fastapi.responses import Response

from ..datasets.browsing import export
from ..datasets.schemas import DatasetOut
from ..jobs.api import accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, WRITING, as_json, attached, errors
from . import flow
from .schemas import (
    BenchOut,
    BenchRowsOut,
    ExplainWish,
    ExportWish,
    MarkRequest,
    MarksOut,
    RowsWish,
    SliceOut,
    SliceRequest,
    SlicesOut,
    Wish,
)

router = APIRouter(prefix="/v1/datasets/{id}", tags=["workbench"], dependencies=[needs(Scope.READ)])
SLICE = {"short complaints": {"value": {"name": "Short complaints", "statement": "label = negative and words < 8"}}}
MARK = {"another label": {"value": {"rows": [3, 8], "action": "relabel", "value": "positive"}}}
BINARY = {"schema": {"type": "string", "format": "binary"}}
MEDIA = (*export.MEDIA.values(), "text/html", "application/pdf", "application/zip")
FILES: dict[int | str, dict[str, Any]] = {200: {"content": dict.fromkeys(MEDIA, BINARY)}}
WishDep = Annotated[Wish, Query()]


@router.get(
    "/workbench",
    response_model=BenchOut,
    responses=errors(*READING, 404, 409, 422),
    summary="Every view of a selection: accuracy, slices, confusion, calibration, thresholds, words",
)
async def get_workbench(services: ServicesDep, project: ProjectDep, id: str, wish: WishDep) -> Response:
    return as_json(await flow.view(services, project, id, wish))


@router.get(
    "/workbench/rows",
    response_model=BenchRowsOut,
    responses=errors(*READING, 404, 409, 422),
    summary="The rows of a selection with their tags and marks",
)
async def list_selected(
    services: ServicesDep, project: ProjectDep, id: str, wish: Annotated[RowsWish, Query()]
) -> Response:
    return as_json(await flow.page(services, project, id, wish, limit=wish.limit))


@router.get(
    "/workbench/export",
    response_class=Response,
    responses=FILES | errors(*READING, 404, 409, 422),
    summary="A selection as a file: its rows, a report to send to somebody, or a contract",
)
async def export_selected(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    wish: Annotated[ExportWish, Query()],
) -> Response:
    found = await flow.taken(services, project, id, wish, form=wish.format, language=wish.language)
    return attached(found.parts, found.name, found.media, id=id)


@router.get(
    "/slices",
    response_model=SlicesOut,
    responses=errors(*READING, 404, 409, 422),
    summary="The slices of a data set with their figures",
)
async def list_slices(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    model: Annotated[str, Query(max_length=200, description="By default the last that was asked.")] = "",
) -> Response:
    return as_json(SlicesOut(slices=await flow.slices(services, project, id, model)))


@router.post(
    "/slices",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=201,
    response_model=SliceOut,
    responses=errors(*ASKING, 404, 409),
    summary="Name the rows that fit conditions",
)
async def create_slice(
    services: ServicesDep, project: ProjectDep, id: str, body: Annotated[SliceRequest, Body(openapi_examples=SLICE)]
) -> Response:
    return as_json(await flow.save(services, project, id, body), status=201)


@router.delete(
    "/slices/{key}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a slice that somebody made",
)
async def delete_slice(services: ServicesDep, project: ProjectDep, id: str, key: str) -> Response:
    await flow.delete(services, project, id, key)
    return Response(status_code=204)


@router.get("/marks", response_model=MarksOut, responses=errors(*READING, 404, 422), summary="What was decided of rows")
async def list_marks(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await flow.marks(services, project, id))


@router.post(
    "/marks",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=MarksOut,
    responses=errors(*ASKING, 404, 409),
    summary="Mark rows to be relabelled, dropped or kept, or note something",
)
async def create_marks(
    services: ServicesDep, project: ProjectDep, id: str, body: Annotated[MarkRequest, Body(openapi_examples=MARK)]
) -> Response:
    return as_json(await flow.mark(services, project, id, body))


@router.post(
    "/versions",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=DatasetOut,
    responses=errors(*WRITING, 404, 409),
    summary="A data set with what was decided: other labels, and without the rows that are dropped",
)
async def create_version(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    made = await flow.remake(services, project, id)
    return as_json(made, status=202, headers={"Location": f"/v1/datasets/{made.id}", "Retry-After": "1"})


@router.post(
    "/workbench/explanations",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Explain rows of a selection",
)
async def explain_selection(
    services: ServicesDep, project: ProjectDep, id: str, wish: Annotated[ExplainWish, Query()]
) -> Response:
    return accepted(await flow.explain(services, project, id, wish, count=wish.count, method=wish.method))
