from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import Response

from ..scopes import Scope
from ..web.dependencies import ServicesDep, needs, while_connected
from ..web.responses import ASKING, as_json, errors
from .schemas import PredictionRequest, PredictionsOut
from .service import predict

router = APIRouter(prefix="/v1", tags=["predictions"], dependencies=[needs(Scope.READ)])
EXAMPLES = {
    "two texts": {
        "value": {"model": "sentiment", "inputs": [{"text": "a gorgeous, witty film"}, {"text": "It never recovers."}]}
    }
}


@router.post(
    "/predictions",
    dependencies=[needs(Scope.EXPLAIN)],
    response_model=PredictionsOut,
    responses=errors(*ASKING),
    summary="What a model says of up to 64 texts",
)
async def create_predictions(
    request: Request, services: ServicesDep, body: Annotated[PredictionRequest, Body(openapi_examples=EXAMPLES)]
) -> Response:
    return as_json(await while_connected(request, predict(services, body)))
