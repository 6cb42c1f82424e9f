"""A picture or a recording is given here; its explanation opens on the page of every other one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import BadRequest, EngineLoading, NotFound, StillRunning
from ..explain.ask import service as explanations
from ..explain.ask.schemas import ExplanationOut, ExplanationRequest, PanelOut, PanelRequest
from ..explain.pictures.beside import PARTED
from ..explain.pictures.terms import HIDDEN_AS, REGION_LEVELS
from ..explain.recordings.terms import SILENT_AS, SPAN_LEVELS
from ..models import service as models
from ..scopes import Scope
from ..web import pictures as uploads
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.pictures import Given
from ..web.rendering import render

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
MOST_SCENES = 1_000_000
SCENE_SIDE = 480  # pixels of a drawn scene
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

SCENES = (3, 5, 11, 12)  # drawn pictures to begin with


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """wheel: of a model that could be fetched; None where it is served. scenes: drawn pictures for the model of
    captions; none where it is not served. says: whether any model gives captions."""

    models: Sequence[ModelOut]
    model: str
    players: str
    baseline: str
    choices: Sequence[str]
    baselines: Sequence[str]
    error: FormError | None
    wheel: explainers.Wheel | None
    scenes: Sequence[int]
    says: bool
    given: Mapping[str, str]


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
        return await _explained(request, services, project, asked, every=bool(given.fields.get("every")))
    except FORESEEN as error:
        return _page(request, services, room, given, error_of(error))


@router.get("/images/scenes/{number}.png")
async def scene(number: int) -> Response:
    """A drawn scene, the same for the same number."""
    if not 0 <= number < MOST_SCENES:
        raise NotFound(f"there is no scene {number}: they are numbered 0 to {MOST_SCENES - 1:,}")
    return Response(_drawn(number), media_type="image/png", headers={"Cache-Control": "max-age=3600"})


@router.post("/images/scenes", dependencies=[needs(Scope.EXPLAIN)])
async def explain_scene(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the explained caption of a drawn scene, by its number or of a new one."""
    form = await form_of(request)
    given = Given(kind=IMAGES.kind, model=explainers.CAPTIONS)
    try:
        number = _number(form.get("scene"))
        given = Given(
            kind=IMAGES.kind,
            content=_drawn(number),
            name=f"scene-{number}.png",
            model=explainers.CAPTIONS,
            fields={"accuracy": "exact"},
        )
        return await _explained(request, services, project, _asked(given, IMAGES, IMAGES.models(services)), every=True)
    except FORESEEN as error:
        return _page(request, services, IMAGES, Given(kind=IMAGES.kind, model=given.model), error_of(error))


def _number(given: str) -> int:
    """The number of a scene; a new one where none is given. Raises BadRequest."""
    if not given:
        return secrets.randbelow(MOST_SCENES)
    if not (len(given) < 8 and given.isascii() and given.isdecimal() and int(given) < MOST_SCENES):
        raise BadRequest(f"scene is {given[:40]!r}; scenes are numbered 0 to {MOST_SCENES - 1:,}", cure="Choose one.")
    return int(given)


def _drawn(number: int) -> bytes:
    return explainers.png_of(explainers.pixels_of(explainers.scene_of(number), SCENE_SIDE))


async def _explained(
    request: Request, services: Services, project: str, asked: PanelRequest, *, every: bool = False
) -> Response:
    """303 to the explanation, or to the job that makes it; every: beside it one with each other baseline."""
    try:
        await while_connected(request, _loaded(services, asked.model))
        body = await while_connected(request, explanations.panel_json(services, asked, project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    others = await while_connected(request, _others(services, project, asked)) if every else []
    more = f"?beside={PARTED.join(others)}" if others else ""
    return RedirectResponse(f"/panels/{PanelOut.model_validate_json(body).key}{more}", 303)


async def _others(services: Services, project: str, asked: PanelRequest) -> list[str]:
    """The keys of the same question with the other baselines; of one that takes long there is none."""
    keys = []
    for baseline in IMAGES.baselines:
        if baseline == (asked.baseline or IMAGES.baselines[0]):
            continue
        given = {**asked.model_dump(exclude={"methods"}), "baseline": baseline, "method": "shap"}
        with suppress(StillRunning):
            body = await explanations.explanation_json(services, ExplanationRequest.model_validate(given), project)
            keys.append(ExplanationOut.model_validate_json(body).key)
    return keys


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
            "outputs": given.outputs,
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
        scenes=SCENES if any(model.id == explainers.CAPTIONS for model in offered) else (),
        says=any(model.task == "caption" for model in offered),
        given=given.fields,
    )
    return render(request, f"{room.name}/ask.html", page, section=room.name, status=error.status if error else 200)
