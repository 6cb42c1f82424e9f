"""Home, the explanation page of all methods or of one, and what a changed text would be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import NotFound, StorageFailed, UnknownModel
from ..history import service as history
from ..models import service as models
from ..models.fetching import waiting
from ..schemas import TextInput
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.rendering import language_of, render
from ..web.responses import prefer_wait
from . import arriving_pages
from .ask import arriving, further, measuring, service, versions
from .ask.alike import is_model_of, rules_of
from .ask.questions import question_of
from .ask.schemas import ExplanationOut, PanelOut, PanelRequest
from .draw import assemble, attachments
from .draw import view as views
from .draw.contexts import FurtherFragment, HomePage, MapsFragment, MeasuresFragment, PanelPage
from .draw.examples import examples_for
from .draw.representations import Export
from .pictures import pages as picture_pages
from .recordings import pages as recording_pages

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
RECENTS = 5
CHINESE = "sentiment-zh"  # the model that a reader of Chinese begins with, where it is served
FRAGMENTS: dict[str, tuple[str, type[MapsFragment | MeasuresFragment | FurtherFragment]]] = {
    "maps": ("explain/_maps.html", MapsFragment),
    "measures": ("explain/_measures.html", MeasuresFragment),
    "further": ("explain/_further.html", FurtherFragment),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Input that was sent to a page of an explanation, and is shown on it.

    opened: further questions that are open, with the parts they are asked by. refused: what is wrong with what was
    sent, by the part of the page that sent it. draft: a changed text that was sent. measured: the method whose
    measures are being made.
    """

    opened: Mapping[str, str | None] = field(default_factory=dict)
    refused: Mapping[str, FormError | None] = field(default_factory=dict)
    draft: str | None = None
    measured: str = ""


NOTHING = Sent()


@router.get("/")
async def home(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    asked = request.query_params.get("model", "")
    known = {model.id: model.task for model in models.list_models(services)}
    if elsewhere := models.PAGES.get(known.get(asked, "")):
        return RedirectResponse(f"{elsewhere}?{urlencode({'model': asked})}", 303)
    unknown = error_of(UnknownModel(asked, list(known))) if asked and asked not in known else None
    return await _home(request, services, project, Form({"model": asked}), unknown)


@router.post("/panels", dependencies=[needs(Scope.EXPLAIN)])
async def explain(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """The form of the home page: 303 to the result, or the form again with what was typed."""
    form = await form_of(request)
    try:
        found = text_error(form.get("text"))
        if found is not None:
            return await _home(request, services, project, form, found)
        asked = await arriving.begin(services, _asked(form), project, wait=prefer_wait(request))
    except FORESEEN as error:
        return await _home(request, services, project, form, error_of(error))
    return RedirectResponse(asked.address, 303)


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
    """The page of a panel or an explanation, or what is there of it while it is made. Raises NotFound."""
    try:
        found = await found_as_panel(services, project, key, kind)
    except NotFound:
        return await arriving_pages.page(request, services, project, kind=kind, key=key)
    if arriving_pages.is_followed(request):
        return arriving_pages.complete()
    if found.input.kind == "image":
        return picture_pages.page(request, services, found, kind)
    if found.input.kind == "audio":
        return await recording_pages.page(request, services, project, found, kind)
    sent = Sent(
        opened=further.opened_by(request.query_params.get("ask", "")),
        measured=request.query_params.get("measuring", ""),
    )
    return await page(request, services, project, found, kind, sent)


async def find(services: Services, project: str, key: str, kind: str) -> PanelOut:
    """The panel of a text, or the explanation in the shape of one. Raises NotFound, also for that of a file."""
    found = await found_as_panel(services, project, key, kind)
    if isinstance(found.input, explainers.FileInput):
        known_as = found.input.known_as
        raise NotFound(f"this is asked of texts, and the explanation is of a {known_as}", cure=f"Open /{kind}/{key}.")
    return found


async def found_as_panel(services: Services, project: str, key: str, kind: str) -> PanelOut:
    """The panel, or the explanation in the shape of one. Raises NotFound."""
    if kind == "panels":
        return await service.find_panel(services, key, project)
    found = await service.find_explanation(services, key, project)
    return assemble.single(found, found.target)


def model_of(services: Services, found: PanelOut) -> ModelOut | None:
    """The model that the page was made with, if it is still served under its name."""
    return next((each for each in models.list_models(services) if each.id == found.model.id), None)


def fragment_of(request: Request) -> str:
    """The part of the page that a script asks for; empty for the whole."""
    return request.headers.get("x-whence-fragment", "")


@router.post("/panels/{key}/measures", dependencies=[needs(Scope.EXPLAIN)])
async def measure_panel(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _measure(request, services, project, key, "panels")


@router.post("/explanations/{key}/measures", dependencies=[needs(Scope.EXPLAIN)])
async def measure_explanation(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _measure(request, services, project, key, "explanations")


@router.get("/panels/{key}/measures")
@router.get("/explanations/{key}/measures")
async def measures_of(request: Request) -> Response:
    return RedirectResponse(request.url.path.removesuffix("/measures"), 303)


@router.get("/panels/{key}/export/{kind}")
async def export_panel(request: Request, key: str, kind: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find_panel(services, key, project)
    if isinstance(found.input, explainers.FileInput):
        return picture_pages.exported(found, found.explanations, kind)
    return await _exported(request, services, project, found, found, "panels", kind)


@router.get("/explanations/{key}/export/{kind}")
async def export_explanation(
    request: Request, key: str, kind: str, services: ServicesDep, project: ProjectDep
) -> Response:
    found = await service.find_explanation(services, key, project)
    if isinstance(found.input, explainers.FileInput):
        return picture_pages.exported(found, [found], kind)
    single = assemble.single(found, found.target)
    return await _exported(request, services, project, found, single, "explanations", kind)


async def _exported(
    request: Request,
    services: Services,
    project: str,
    found: PanelOut | ExplanationOut,
    panel: PanelOut,
    place: str,
    kind: str,
) -> Response:
    """The page as it stands, with what is chosen in the address, as a file."""
    context = await _context(request, services, project, panel, place)
    make = partial(
        attachments.file_of,
        found,
        context,
        kind,
        language=language_of(request),
        method=request.query_params.get("method", ""),
    )
    return _download(await asyncio.to_thread(make))  # setting a PDF takes a second


def _download(file: Export) -> Response:
    return Response(file.body, media_type=file.media_type, headers=file.headers)


async def _measure(request: Request, services: Services, project: str, key: str, kind: str) -> Response:
    """303 back to the page, or the part of it that was asked for, with the reason where there is one."""
    found = await find(services, project, key, kind)
    form = await form_of(request)
    refused, coming = None, None
    try:
        model = await services.engine.ready(found.model.id)
        await measuring.begin(services, found, model, form.get("method"), project, wait=prefer_wait(request))
        coming = await measuring.under_way(services, found, model, form.get("method"), project)
    except FORESEEN as error:
        refused = error_of(error)
    measured = form.get("method") if coming else ""
    if refused is None and not fragment_of(request):
        follow = f"?measuring={measured}" if measured else ""
        return RedirectResponse(f"/{kind}/{found.key}{follow}#quality", 303)
    sent = Sent(refused={"measures": refused}, measured=measured)
    return await page(request, services, project, found, kind, sent)


async def page(request: Request, services: Services, project: str, found: PanelOut, kind: str, sent: Sent) -> Response:
    """The page of an explanation, or the part of it that a script asks for."""
    context = await _context(request, services, project, found, kind, sent)
    error = next((each for each in sent.refused.values() if each is not None), None)
    status = error.status if error else 200
    fragment = fragment_of(request)
    if fragment in FRAGMENTS:
        template, part = FRAGMENTS[fragment]
        shown = {field.name: getattr(context, field.name) for field in fields(part)}
        return render(request, template, part(**shown), status=status)
    return render(
        request, "explain/page.html", context, section="explain", json_twin=f"/v1{context.address}", status=status
    )


async def _context(
    request: Request, services: Services, project: str, found: PanelOut, kind: str, sent: Sent = NOTHING
) -> PanelPage:
    address = f"/{kind}/{found.key}"
    model = model_of(services, found)
    return assemble.panel_page(
        found,
        views.view_of(found, request.query_params),
        model=model,
        measured=await measuring.known(services, found, model, project),
        measuring=await measuring.under_way(services, found, model, sent.measured, project) if sent.measured else None,
        further=await further.listed(services, found, model, project, sent.opened),
        stability=await further.stability(
            services, found, model, project, kind=kind, opened=further.STABILITY in sent.opened
        ),
        versions=await versions.chain(services, project, found.key),
        seconds=_seconds(services, found, kind, model),
        refused=sent.refused,
        draft=sent.draft,
        exports=attachments.offered_exports(),
        address=address,
        origin=str(request.base_url).rstrip("/"),
    )


def _seconds(services: Services, found: PanelOut, kind: str, model: ModelOut | None) -> float | None:
    """Estimated seconds of asking the same anew; None where the model is not served any more, or not loaded yet."""
    if not is_model_of(model, found) or not found.explanations:
        return None
    what = "panel" if kind == "panels" else found.explanations[0].method.name
    question = question_of(PanelRequest.model_validate({"model": model.id, **rules_of(found)}), model)
    return services.pace.seconds(model.id, what, question)


async def _home(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    try:
        recents = await _recents(services, project)
    except StorageFailed as fault:  # the form is there all the same, with what was typed
        recents, error = [], error or error_of(fault)
    offered = models.judging_models(services)
    ready = [model for model in offered if model.status == "ready"]
    ready = ready or [model for model in offered if model.status != "failed"]  # what loads comes before what is idle
    wanted = [model for model in offered if model.id == form.get("model")]
    own = language_of(request) == "zh"
    reads = [model for model in offered if model.id == CHINESE and model.can_be_asked] if own else []
    chosen = next(iter(wanted or reads or ready or offered), None)
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
        waiting=waiting(services) if own else None,
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
