from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response, StreamingResponse

from ..explain.ask.service import delete, find_json
from ..scopes import Scope
from ..web.dependencies import ProjectDep, ServicesDep, needs, while_connected
from ..web.responses import ASKING, READING, errors, json_bytes
from . import service
from .schemas import GenerationOut, GenerationRequest

router = APIRouter(prefix="/v1", tags=["generations"], dependencies=[needs(Scope.READ)])
EXAMPLES = {
    "a question": {"value": {"model": "smollm2", "text": "Anna lives in Rome. Where does Anna live?"}},
    "with a passage": {
        "value": {
            "model": "smollm2",
            "text": "When do I get my money back?",
            "passages": ["Refunds are paid within 14 days."],
            "max_tokens": 40,
        }
    },
}
STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}


@router.post(
    "/generations",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=GenerationOut,
    responses=STREAM | errors(*ASKING, 404),
    summary="What a language model answers, whole or as a stream",
)
async def create_generation(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    body: Annotated[GenerationRequest, Body(openapi_examples=EXAMPLES)],
) -> Response:
    if body.stream:
        return StreamingResponse(service.events(services, body, project), media_type="text/event-stream")
    return json_bytes(await while_connected(request, service.make(services, body, project)))


@router.get(
    "/generations/{key}",
    response_model=GenerationOut,
    responses=errors(*READING, 404, 422),
    summary="An answer that was made",
)
async def get_generation(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    return json_bytes(await find_json(services, key, project, "generation"))


@router.delete(
    "/generations/{key}",
    dependencies=[needs(Scope.EXPLAIN)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete an answer",
)
async def delete_generation(services: ServicesDep, project: ProjectDep, key: str) -> Response:
    await delete(services, key, project, "generation")
    return Response(status_code=204)
