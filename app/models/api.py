from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from ..engine.schemas import ModelOut
from ..jobs.api import accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs, while_connected
from ..web.responses import ASKING, READING, as_json, errors, prefer_wait
from . import service
from .schemas import KServeModelOut, ModelsOut, RegisterRequest

router = APIRouter(prefix="/v1", tags=["models"], dependencies=[needs(Scope.READ)])
LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": JobOut, "description": "A job checks and loads it; wait for it with `Prefer: wait=N`."}
}
EXAMPLES = {"a folder": {"value": {"path": "/srv/models/reviews"}}}


@router.get("/models", response_model=ModelsOut, responses=errors(*READING), summary="The models and their state")
async def list_models(services: ServicesDep) -> Response:
    return as_json(ModelsOut(models=tuple(service.listed_models(services))))


@router.post(
    "/models",
    dependencies=[needs(Scope.ADMIN)],
    response_model=ModelOut,
    status_code=201,
    responses=LATER | errors(*ASKING, 409),
    summary="Check a model folder that lies in an allowed root, and serve it",
)
async def register_model(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[RegisterRequest, Body(openapi_examples=EXAMPLES)],
) -> Response:
    wait = min(services.settings.wait_seconds, prefer_wait(request) or 0.0)
    found = await while_connected(request, service.register_model(services, project, body.path, wait=wait))
    if isinstance(found, JobOut):
        return accepted(found)
    return as_json(found, status=201, headers={"Location": f"/v1/models/{found.id}"})


@router.get(
    "/models/{model}", response_model=KServeModelOut, responses=errors(*READING, 404), summary="One model (KServe V1)"
)
async def get_model(services: ServicesDep, model: str) -> Response:
    found = service.find_model(services, model)
    return as_json(KServeModelOut(**found.model_dump(), name=found.id, ready=found.can_be_asked))


@router.delete(
    "/models/{model}",
    dependencies=[needs(Scope.ADMIN)],
    status_code=204,
    responses=errors(*READING, 403, 404, 409, 503),
    summary="Stop serving a registered model",
)
async def delete_model(services: ServicesDep, model: str) -> Response:
    await service.forget_model(services, model)
    return Response(status_code=204)
