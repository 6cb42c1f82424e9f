from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from ..scopes import Scope
from ..web.dependencies import needs
from ..web.responses import READING, as_json, errors
from .schemas import ExplainersOut
from .service import list_methods

router = APIRouter(prefix="/v1", tags=["explainers"], dependencies=[needs(Scope.READ)])


@router.get(
    "/explainers",
    response_model=ExplainersOut,
    responses=errors(*READING),
    summary="The methods, their options and what they cost",
)
async def list_explainers() -> Response:
    return as_json(ExplainersOut(explainers=tuple(list_methods())))
