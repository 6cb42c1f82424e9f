"""The KServe V1 shape of prediction and explanation: {"instances": […]} in, a list of the same length out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response
from pydantic import Field

from ..explain.ask.schemas import ExplanationOut, ExplanationRequest
from ..explain.ask.service import make_explanation
from ..models.service import find_model
from ..predict.schemas import MOST_INPUTS, PredictionOut, PredictionRequest
from ..predict.service import predict
from ..schemas import Name, Record, Text, TextInput
from ..schemas import Request as Asked
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.responses import ASKING, as_json, errors, prefer_wait

router = APIRouter(prefix="/v1", tags=["kserve"], dependencies=[needs(Scope.READ)])
MOST_EXPLAINED = 8
EXAMPLES = {
    "texts": {"value": {"instances": ["a gorgeous, witty film", "It never recovers."]}},
    "objects": {"value": {"instances": [{"text": "a gorgeous, witty film"}]}},
}
Instance = Text | TextInput


class PredictInstances(Asked):
    instances: Annotated[list[Instance], Field(min_length=1, max_length=MOST_INPUTS)]


class ExplainInstances(Asked):
    instances: Annotated[list[Instance], Field(min_length=1, max_length=MOST_EXPLAINED)]
    method: Name = "shap"


class KServePredictions(Record):
    predictions: tuple[PredictionOut, ...]


class KServeExplanations(Record):
    explanations: tuple[ExplanationOut, ...]


@router.post(
    "/models/{model}:predict",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=KServePredictions,
    responses=errors(*ASKING, 404),
    summary="Predict (KServe V1)",
)
async def kserve_predict(
    request: Request,
    services: ServicesDep,
    model: str,
    body: Annotated[PredictInstances, Body(openapi_examples=EXAMPLES)],
) -> Response:
    find_model(services, model)
    asked = PredictionRequest(model=model, inputs=[_input(each) for each in body.instances])
    found = await while_connected(request, predict(services, asked))
    return as_json(KServePredictions(predictions=found.predictions))


@router.post(
    "/models/{model}:explain",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=KServeExplanations,
    responses=errors(*ASKING, 404),
    summary="Explain (KServe V1)",
)
async def kserve_explain(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    model: str,
    body: Annotated[ExplainInstances, Body(openapi_examples=EXAMPLES)],
) -> Response:
    find_model(services, model)
    work = _explain_all(services, project, model, body, wait=prefer_wait(request))
    return as_json(KServeExplanations(explanations=await while_connected(request, work)))


async def _explain_all(
    services: Services, project: str, model: str, body: ExplainInstances, *, wait: float | None
) -> tuple[ExplanationOut, ...]:
    return tuple(
        [
            await make_explanation(
                services, ExplanationRequest(model=model, input=_input(each), method=body.method), project, wait=wait
            )
            for each in body.instances
        ]
    )


def _input(instance: Instance) -> TextInput:
    return TextInput(text=instance) if isinstance(instance, str) else instance
