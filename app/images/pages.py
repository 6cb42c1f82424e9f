"""A picture is given here; its explanation opens on the page of every other one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import EngineLoading, StillRunning
from ..explain.ask import service as explanations
from ..explain.ask.schemas import PanelOut, PanelRequest
from ..explain.pictures.terms import HIDDEN_AS, REGION_LEVELS
from ..models import service as models
from ..scopes import Scope
from ..web import pictures as uploads
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, FormError, error_of
from ..web.pictures import Given
from ..web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
PATIENCE = 60  # seconds at least
PLAYERS, BASELINES = tuple(REGION_LEVELS), tuple(HIDDEN_AS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesPage:
    """wheel: of a model that could be fetched; None where it is served."""

    models: Sequence[ModelOut]
    model: str
    players: str
    baseline: str
    choices: Sequence[str]
    baselines: Sequence[str]
    error: FormError | None
    wheel: explainers.Wheel | None


@router.get("/images")
async def ask(request: Request, services: ServicesDep) -> Response:
    offered, model = models.looking_models(services), request.query_params.get("model", "")
    models.refuse_unknown(offered, model)
    return _page(request, offered, Given(model=model))


@router.post("/images", dependencies=[needs(Scope.EXPLAIN)])
async def explain(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the explanation, or the form again with the reason."""
    offered = models.looking_models(services)
    given = Given()
    try:
        given = await uploads.received(request)
        asked = _asked(given, offered)
        await while_connected(request, _loaded(services, asked.model))
        body = await while_connected(request, explanations.panel_json(services, asked, project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        return _page(request, offered, given, error_of(error))
    return RedirectResponse(f"/panels/{PanelOut.model_validate_json(body).key}", 303)


async def _loaded(services: Services, model: str) -> None:
    """Wait for a model that is loading: a browser does not keep a file for another try."""
    for _ in range(PATIENCE):
        try:
            await services.engine.ready(model)
            return
        except EngineLoading:
            await asyncio.sleep(1)


def _asked(given: Given, offered: Sequence[ModelOut]) -> PanelRequest:
    return PanelRequest.model_validate(
        {
            "model": given.model or (offered[0].id if offered else "imagenet"),
            "input": given.input,
            "players": given.fields.get("players") or "region",
            "baseline": given.fields.get("baseline") or None,
            "accuracy": given.fields.get("accuracy") or "normal",
        }
    )


def _page(request: Request, offered: Sequence[ModelOut], given: Given, error: FormError | None = None) -> Response:
    wheel = explainers.WHEELS["imagenet"]
    page = ImagesPage(
        models=offered,
        model=given.model or (offered[0].id if offered else ""),
        players=given.fields.get("players") or PLAYERS[0],
        baseline=given.fields.get("baseline") or BASELINES[0],
        choices=PLAYERS,
        baselines=BASELINES,
        error=error,
        wheel=None if any(model.id == wheel.name for model in offered) else wheel,
    )
    return render(request, "images/ask.html", page, section="images", status=error.status if error else 200)
