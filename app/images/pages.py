"""A picture or a recording is given here; its explanation opens on the page of every other one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import EngineLoading, StillRunning
from ..explain.ask import service as explanations
from ..explain.ask.schemas import PanelOut, PanelRequest
from ..explain.pictures.terms import HIDDEN_AS, REGION_LEVELS
from ..explain.recordings.terms import SILENT_AS, SPAN_LEVELS
from ..models import service as models
from ..scopes import Scope
from ..web import pictures as uploads
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, FormError, error_of
from ..web.pictures import Given
from ..web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
PATIENCE = 60  # seconds at least


@dataclass(frozen=True, slots=True)
class Room:
    """A page on which files of one kind are given. name: of its address and its templates."""

    name: str
    kind: uploads.FileKind
    wheel: str
    players: Sequence[str]
    baselines: Sequence[str]
    models: Callable[[Services], list[ModelOut]]


IMAGES = Room("images", uploads.PICTURE, "imagenet", tuple(REGION_LEVELS), tuple(HIDDEN_AS), models.looking_models)
SPEECH = Room(
    "speech", uploads.RECORDING, "whisper-tiny-en", tuple(SPAN_LEVELS), tuple(SILENT_AS), models.hearing_models
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
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
async def ask_of_a_picture(request: Request, services: ServicesDep) -> Response:
    return _ask(request, services, IMAGES)


@router.get("/speech")
async def ask_of_a_recording(request: Request, services: ServicesDep) -> Response:
    return _ask(request, services, SPEECH)


@router.post("/images", dependencies=[needs(Scope.EXPLAIN)])
async def explain_picture(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _explain(request, services, project, IMAGES)


@router.post("/speech", dependencies=[needs(Scope.EXPLAIN)])
async def explain_recording(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _explain(request, services, project, SPEECH)


def _ask(request: Request, services: Services, room: Room) -> Response:
    model = request.query_params.get("model", "")
    models.refuse_unknown(room.models(services), model)
    return _page(request, services, room, Given(kind=room.kind, model=model))


async def _explain(request: Request, services: Services, project: str, room: Room) -> Response:
    """303 to the explanation, or the form again with the reason."""
    given = Given(kind=room.kind)
    try:
        given = await uploads.received(request, room.kind)
        asked = _asked(given, room, room.models(services))
        await while_connected(request, _loaded(services, asked.model))
        body = await while_connected(request, explanations.panel_json(services, asked, project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        return _page(request, services, room, given, error_of(error))
    return RedirectResponse(f"/panels/{PanelOut.model_validate_json(body).key}", 303)


async def _loaded(services: Services, model: str) -> None:
    """Wait for a model that is loading: a browser does not keep a file for another try."""
    for _ in range(PATIENCE):
        try:
            await services.engine.ready(model)
            return
        except EngineLoading:
            await asyncio.sleep(1)


def _asked(given: Given, room: Room, offered: Sequence[ModelOut]) -> PanelRequest:
    return PanelRequest.model_validate(
        {
            "model": given.model or (offered[0].id if offered else room.wheel),
            "input": given.input,
            "players": given.fields.get("players") or room.players[0],
            "baseline": given.fields.get("baseline") or None,
            "accuracy": given.fields.get("accuracy") or "normal",
        }
    )


def _page(request: Request, services: Services, room: Room, given: Given, error: FormError | None = None) -> Response:
    offered, wheel = room.models(services), explainers.WHEELS[room.wheel]
    page = FilePage(
        models=offered,
        model=given.model or (offered[0].id if offered else ""),
        players=given.fields.get("players") or room.players[0],
        baseline=given.fields.get("baseline") or room.baselines[0],
        choices=room.players,
        baselines=room.baselines,
        error=error,
        wheel=None if any(model.id == wheel.name for model in offered) else wheel,
    )
    return render(request, f"{room.name}/ask.html", page, section=room.name, status=error.status if error else 200)
