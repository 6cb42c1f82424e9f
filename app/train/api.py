from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from fastapi.responses import Response

from ..jobs import service as jobs
from ..jobs.api import IdempotencyKey, Priority, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, errors
from . import requests
from .schemas import TrainingRequest

router = APIRouter(prefix="/v1/trainings", tags=["models"], dependencies=[needs(Scope.ADMIN)])
EXAMPLES = {
    "a data set": {"value": {"name": "reviews", "dataset": "0" * 32, "recipe": {"epochs": 2}, "seed": 1}},
}


@router.post(
    "",
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Train a classifier on labelled rows, as a job",
)
async def create_training(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[TrainingRequest, Body(openapi_examples=EXAMPLES)],
    key: IdempotencyKey = None,
    priority: Priority = jobs.MIDDLING,
) -> Response:
    return accepted(await requests.submit(services, project, body, key=key, priority=priority))


@router.delete(
    "/{id}",
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a training with its checkpoints and the model that came of it",
)
async def delete_training(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await requests.delete(services, project, id)
    return Response(status_code=204)
