from __future__ import annotations

from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response, StreamingResponse

from ..errors import StillRunning
from ..jobs import service as jobs
from ..jobs.api import accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.responses import ASKING, READING, as_json, errors, json_bytes, negotiate, prefer_wait
from .ask import service
from .ask.schemas import ArraySlice, ExplanationOut, ExplanationRequest, PanelOut, PanelRequest
from .draw import representations

router = APIRouter(prefix="/v1", tags=["explanations"], dependencies=[needs(Scope.READ)])
TEXT = "a gorgeous, witty film that never recovers from its clumsy opening"
EXPLANATION = {
    "Shapley values": {"value": {"model": "sentiment", "input": {"text": "a gorgeous, witty film"}, "method": "shap"}},
    "another class": {
        "value": {
            "model": "sentiment",
            "input": {"text": "It never recovers."},
            "method": "leave-one-out",
            "target": 0,
            "value": "probability",
        }
    },
}
PANEL = {
    "every method": {"value": {"model": "sentiment", "input": {"text": TEXT}}},
    "two methods": {
        "value": {
            "model": "sentiment",
            "input": {"text": "a gorgeous, witty film"},
            "methods": ["shap", "leave-one-out"],
        }
    },
}
Target = Annotated[str | None, Query(max_length=200, description="The class to show, by index or label.")]
Index = Annotated[int | None, Query(ge=0, le=10_000)]
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/html": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.safetensors": {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": JobOut, "description": "Not done within the time the caller would wait: a job makes it."}
}
TENSORS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/vnd.safetensors": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.post(
    "/explanations",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=ExplanationOut,
    responses=LATER | errors(*ASKING, 409),
    summary="Explain a text with one method",
)
async def create_explanation(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[ExplanationRequest, Body(openapi_examples=EXPLANATION)],
) -> Response:
    work = service.explanation_json(services, body, project, wait=prefer_wait(request))
    return await answered_or_accepted(request, services, project, work)


@router.post(
    "/panels",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=PanelOut,
    responses=LATER | errors(*ASKING, 409),
    summary="Explain a text with every method",
)
async def create_panel(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[PanelRequest, Body(openapi_examples=PANEL)],
) -> Response:
    work = service.panel_json(services, body, project, wait=prefer_wait(request))
    return await answered_or_accepted(request, services, project, work)


async def answered_or_accepted(
    request: Request, services: Services, project: str, work: Coroutine[None, None, bytes]
) -> Response:
    try:
        return json_bytes(await while_connected(request, work))
    except StillRunning as error:
        return accepted(await jobs.get(services, project, error.job))


@router.get(
    "/explanations/{key}",
    response_model=ExplanationOut,
    responses=FORMS | errors(*READING, 404, 406, 422),
    summary="An explanation that was made: JSON, or by Accept a page, a table or its tensors",
)
async def get_explanation(
    request: Request, services: ServicesDep, project: ProjectDep, key: str, target: Target = None
) -> Response:
    form = negotiate(request, representations.FORMS)
    if form == "application/json" and target is None:
        return json_bytes(await service.find_json(services, key, project, "explanation"))
    found = await service.find_explanation(services, key, project, target)
    if form == "application/json":
        return as_json(found)
    export = representations.export_of(found, form)
    return Response(export.body, media_type=export.media_type, headers=export.headers)


@router.get(
    "/panels/{key}", response_model=PanelOut, responses=errors(*READING, 404, 422), summary="A panel that was made"
)
async def get_panel(services: ServicesDep, project: ProjectDep, key: str, target: Target = None) -> Response:
    if target is None:
        return json_bytes(await service.find_json(services, key, project, "panel"))
    return as_json(await service.find_panel(services, key, project, target))


@router.delete(
    "/explanations/{key}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404, 409),
    summary="Delete an explanation and its arrays",
)
async def delete_explanation(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    await service.delete(services, key, project, "explanation")
    return Response(status_code=204)


@router.delete(
    "/panels/{key}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a panel, its explanations and their arrays",
)
async def delete_panel(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    await service.delete(services, key, project, "panel")
    return Response(status_code=204)


@router.get(
    "/explanations/{key}/arrays/{name}",
    response_model=ArraySlice,
    responses=TENSORS | errors(*READING, 404, 406, 422),
    summary="An array of an explanation, or one layer or head of it",
)
async def get_array(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    key: str,
    name: str,
    layer: Index = None,
    head: Index = None,
) -> Response:
    form = negotiate(request, representations.ARRAY_FORMS)
    packed = await service.find_array(services, key, name, project)
    if form == "application/json":
        return json_bytes(representations.array_json(name, packed, layer=layer, head=head))
    return StreamingResponse(
        representations.array_tensors(name, packed, layer=layer, head=head), media_type=representations.TENSORS
    )
