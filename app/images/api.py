from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from ..errors import BadRequest
from ..explain.api import LATER, answered_or_accepted
from ..explain.ask import service
from ..explain.ask.schemas import ExplanationOut, ExplanationRequest
from ..explain.pictures.terms import HIDDEN_AS, REGION_LEVELS
from ..explain.recordings.terms import SILENT_AS, SPAN_LEVELS
from ..schemas import first_error
from ..scopes import Scope
from ..web import pictures as uploads
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.responses import ASKING, errors, prefer_wait

router = APIRouter(prefix="/v1", tags=["explanations"], dependencies=[needs(Scope.READ)])


@router.post(
    "/images",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=ExplanationOut,
    responses=LATER | errors(*ASKING, 409),
    openapi_extra=uploads.PICTURE.form("cat.jpg", "imagenet", REGION_LEVELS, HIDDEN_AS),
    summary="Explain a picture, sent as a file",
)
async def explain_picture(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _explained(request, services, project, uploads.PICTURE)


@router.post(
    "/speech",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=ExplanationOut,
    responses=LATER | errors(*ASKING, 409),
    openapi_extra=uploads.RECORDING.form("speech.wav", "whisper-tiny-en", SPAN_LEVELS, SILENT_AS),
    summary="Explain a recording, sent as a file",
)
async def explain_recording(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _explained(request, services, project, uploads.RECORDING)


async def _explained(request: Request, services: Services, project: str, kind: uploads.FileKind) -> Response:
    asked = _asked(await uploads.received(request, kind))
    work = service.explanation_json(services, asked, project, wait=prefer_wait(request))
    return await answered_or_accepted(request, services, project, work)


def _asked(given: uploads.Given) -> ExplanationRequest:
    """Raises BadRequest that names the field."""
    try:
        return ExplanationRequest.model_validate(
            {
                "method": "shap",
                **{name: value for name, value in given.fields.items() if value},
                "model": given.model,
                "input": given.input,
            }
        )
    except ValidationError as error:
        raise BadRequest(first_error(error), cure=given.kind.cure) from None
