"""Home, the explanation page of all methods or of one, and what a changed text would be."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..errors import NotFound, StillRunning, StorageFailed, UnknownModel
from ..history import service as history
from ..models import service as models
from ..schemas import TextInput
from ..scopes import Scope
from ..store.job_states import State
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.rendering import answer_text, language_of, render
from .ask import later, measuring, service
from .ask.schemas import PanelOut, PanelRequest
from .draw import assemble, attachments
from .draw import view as views
from .draw.contexts import HomePage, MapsFragment, MeasuresFragment
from .draw.examples import examples_for
from .draw.representations import Export

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
RECENTS = 5
FRAGMENTS: dict[str, tuple[str, type[MapsFragment] | type[MeasuresFragment]]] = {
    "maps": ("explain/_maps.html", MapsFragment),
    "measures": ("explain/_measures.html", MeasuresFragment),
}


@router.get("/")
async def home(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    asked = request.query_params.get("model", "")
    known = [model.id for model in models.list_models(services)]
    unknown = error_of(UnknownModel(asked, known)) if asked and asked not in known else None
    return await _home(request, services, project, Form({"model": asked}), unknown)


@router.post("/panels", dependencies=[needs(Scope.EXPLAIN)])
async def explain(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """The form of the home page: 303 to the result, or the form again with what was typed."""
    form = await form_of(request)
    try:
        found = text_error(form.get("text"))
        if found is not None:
            return await _home(request, services, project, form, found)
        panel = await while_connected(request, service.make_panel(services, _asked(form), project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        return await _home(request, services, project, form, error_of(error))
    return RedirectResponse(f"/panels/{panel.key}", 303)


@router.get("/panels")
async def nothing_chosen() -> Response:
    return RedirectResponse("/", 303)


@router.get("/panels/{key}")
async def panel(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await there_or_arriving(request, services, project, key, "panels")


@router.get("/explanations/{key}")
async def explanation(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await there_or_arriving(request, services, project, key, "explanations")


async def there_or_arriving(request: Request, services: Services, project: str, key: str, kind: str) -> Response:
    """The page of a panel or an explanation, or that of the job that makes it. Raises NotFound."""
    try:
        if kind == "panels":
            found = await service.find_panel(services, key, project)
        else:
            one = await service.find_explanation(services, key, project)
            found = assemble.single(one, one.target)
    except NotFound:
        return await _job_instead(services, project, key)
    return await _page(request, services, project, found, kind)


@router.post("/panels/{key}/measures", dependencies=[needs(Scope.EXPLAIN)])
async def measure_panel(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _measure(request, services, project, await service.find_panel(services, key, project), "panels")


@router.post("/explanations/{key}/measures", dependencies=[needs(Scope.EXPLAIN)])
async def measure_explanation(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find_explanation(services, key, project)
    return await _measure(request, services, project, assemble.single(found, found.target), "explanations")


@router.get("/panels/{key}/measures")
@router.get("/explanations/{key}/measures")
async def measures_of(request: Request) -> Response:
    return RedirectResponse(request.url.path.removesuffix("/measures"), 303)


@router.get("/panels/{key}/export/{kind}")
async def export_panel(request: Request, key: str, kind: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find_panel(services, key, project)
    language = language_of(request)
    return _download(attachments.file_of(found, kind, answer=answer_text(found, language), language=language))


@router.get("/explanations/{key}/export/{kind}")
async def export_explanation(key: str, kind: str, services: ServicesDep, project: ProjectDep) -> Response:
    return _download(attachments.file_of(await service.find_explanation(services, key, project), kind))


async def _job_instead(services: Services, project: str, key: str) -> Response:
    """While it is being made, or could not be made: the page of its job. Raises NotFound where there is none."""
    job = await later.find(services, project, key)
    if job is None or job.state == State.DONE:
        raise NotFound(f"nothing has the key {key[:80]!r}")
    return RedirectResponse(f"/jobs/{job.id}", 303)


def _download(file: Export) -> Response:
    return Response(file.body, media_type=file.media_type, headers=file.headers)


async def _measure(request: Request, services: Services, project: str, found: PanelOut, kind: str) -> Response:
    """303 back to the page, or the part of it that was asked for, with the reason where there is one."""
    form = await form_of(request)
    refused = None
    try:
        model = await services.engine.ready(found.model.id)
        await while_connected(request, measuring.make(services, found, model, form.get("method"), project))
    except StillRunning as error:
        return RedirectResponse(f"/jobs/{error.job}", 303)
    except FORESEEN as error:
        refused = error_of(error)
    if refused is None and not request.headers.get("x-whence-fragment"):
        return RedirectResponse(f"/{kind}/{found.key}#quality", 303)
    return await _page(request, services, project, found, kind, refused)


async def _page(
    request: Request, services: Services, project: str, found: PanelOut, kind: str, refused: FormError | None = None
) -> Response:
    address = f"/{kind}/{found.key}"
    view = views.view_of(found, request.query_params)
    model = next((each for each in models.list_models(services) if each.id == found.model.id), None)
    page = assemble.panel_page(
        found,
        view,
        model=model,
        measured=await measuring.known(services, found, model, project),
        refused=refused,
        address=address,
        panel_address=address,
        origin=str(request.base_url).rstrip("/"),
    )
    status = refused.status if refused else 200
    fragment = request.headers.get("x-whence-fragment", "")
    if fragment in FRAGMENTS:
        template, part = FRAGMENTS[fragment]
        shown = {field.name: getattr(page, field.name) for field in fields(part)}
        return render(request, template, part(**shown), status=status)
    return render(request, "explain/panel.html", page, section="explain", json_twin=f"/v1{address}", status=status)


async def _home(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    try:
        recents = await _recents(services, project)
    except StorageFailed as fault:  # the form is there all the same, with what was typed
        recents, error = [], error or error_of(fault)
    offered = models.list_models(services)
    ready = [model for model in offered if model.status == "ready"] or [m for m in offered if m.can_be_asked]
    wanted = [model for model in offered if model.id == form.get("model")]
    chosen = next(iter(wanted or ready or offered), None)
    page = HomePage(
        models=offered,
        model=chosen,
        text=form.get("text"),
        text_pair=form.get("text_pair"),
        accuracy=form.get("accuracy", "normal"),
        error=error,
        examples=examples_for(chosen.id if chosen else "", compares=chosen is not None and chosen.task == "similarity"),
        recents=recents,
        loading=chosen is not None and chosen.status == "loading",
    )
    return render(request, "explain/home.html", page, section="explain", status=error.status if error else 200)


async def _recents(services: Services, project: str) -> list[Any]:
    found = []
    for entry in (await history.entries(services, project, limit=RECENTS)).entries:
        panel = None
        if entry.kind == "panel":
            try:
                panel = await service.find_panel(services, entry.key, project)
            except FORESEEN:  # deleted in between
                continue
        found.append(assemble.recent(entry, panel))
    return found


def number_of(given: str) -> int | None:
    return (int(given) if given.isdecimal() and given.isascii() else -1) if given else None


def focus_of(given: str) -> list[int] | None:
    """From START-END, as the buttons of the sentences send it; anything else is refused by the schema."""
    return [int(each) if each.isdecimal() and each.isascii() else -1 for each in given.split("-")] if given else None


def _asked(form: Form) -> PanelRequest:
    return PanelRequest.model_validate(
        {
            "model": form.get("model"),
            "input": TextInput(text=form.get("text"), text_pair=form.optional("text_pair")),
            "players": form.get("players", "auto"),
            "accuracy": form.get("accuracy", "normal"),
            "focus": focus_of(form.get("focus")),
            "word": number_of(form.get("word")),
            "outputs": {"explain": form.get("explain")} if form.get("explain") else None,
        }
    )
