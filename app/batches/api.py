from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Request
from fastapi.responses import Response

from ..jobs import service as jobs_service
from ..jobs.api import IdempotencyKey, Priority, accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs
from ..web.responses import ASKING, READING, attached, errors, negotiate
from . import service
from .schemas import BatchRequest

router = APIRouter(prefix="/v1/batches", tags=["batches"], dependencies=[needs(Scope.READ)])
EXAMPLES = {
    "predictions": {
        "value": {"model": "sentiment", "inputs": [{"text": "a gorgeous, witty film"}, {"text": "It never recovers."}]}
    },
    "explanations": {
        "value": {"model": "sentiment", "inputs": [{"text": "a gorgeous, witty film"}], "method": "leave-one-out"}
    },
}
FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            service.JSONL: {"schema": {"type": "string"}},
            service.CSV: {"schema": {"type": "string"}},
            service.PARQUET: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}
ENDINGS: dict[str, str] = {service.JSONL: "jsonl", service.CSV: "csv", service.PARQUET: "parquet"}
MEDIA = {ending: media for media, ending in ENDINGS.items()}


@router.post(
    "",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Explain many texts as a job",
)
async def create_batch(
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[BatchRequest, Body(openapi_examples=EXAMPLES)],
    key: IdempotencyKey = None,
    priority: Priority = jobs_service.MIDDLING,
) -> Response:
    return accepted(await service.submit(services, project, body, key=key, priority=priority))


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a batch with its results and the explanations that are kept for it alone",
)
async def delete_batch(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await service.delete(services, project, id)
    return Response(status_code=204)


@router.get(
    "/{id}/results",
    response_class=Response,
    responses=FORMS | errors(*READING, 404, 406, 409, 422),
    summary="The results so far, one row per text: JSON lines, CSV or Parquet by Accept",
)
async def get_results(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    format: Annotated[
        Literal["jsonl", "csv", "parquet"] | None, Query(description="Instead of Accept, for a link.")
    ] = None,
) -> Response:
    form = MEDIA[format] if format else negotiate(request, service.FORMS)
    found = await service.results(services, project, id, form)
    return attached(found, f"batch.{ENDINGS[form]}", form, id=id)
