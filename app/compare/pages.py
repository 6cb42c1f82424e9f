"""Two texts, or two models, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..engine.schemas import ModelOut
from ..errors import StillRunning
from ..explain.ask import later
from ..explain.ask import service as explanations
from ..explain.ask.schemas import PanelOut, PanelRequest
from ..jobs.schemas import JobOut
from ..models import service as models
from ..schemas import TextInput
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs, while_connected
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.rendering import render
from .service import Pair, beside

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    models: Sequence[ModelOut]
    texts: tuple[str, str]
    chosen: tuple[str, str]  # the models
    error: FormError | None
    pair: Pair | None
    shared: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """A side that is not there yet."""

    job: JobOut
    ended: bool


@router.get("/compare")
async def compare(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """?a= and ?b= are keys of panels; without them the form."""
    keys = [request.query_params.get(name, "") for name in ("a", "b")]
    if not all(keys):
        return await _page(request, services, Form({}))
    for key in keys:
        if (job := await later.under_way(services, project, key)) is not None:
            page = WaitingPage(job=job, ended=False)
            return render(request, "compare/waiting.html", page, section="compare", json_twin=f"/v1/jobs/{job.id}")
    left, right = [await explanations.find_panel(services, key, project) for key in keys]
    return await _page(request, services, Form({}), found=(left, right))


@router.post("/compare", dependencies=[needs(Scope.EXPLAIN)])
async def make(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """An empty second text is the first: then the models are compared."""
    form = await form_of(request)
    texts = (form.get("text_a"), form.get("text_b") or form.get("text_a"))
    for name, text in zip(("text_a", "text_b"), texts, strict=True):
        if (wrong := text_error(text, name)) is not None:
            return await _page(request, services, form, error=wrong)
    try:
        keys = []
        for text, model in zip(texts, (form.get("model_a"), form.get("model_b")), strict=True):
            asked = PanelRequest(model=model, input=TextInput(text=text))
            keys.append(await _key(request, services, project, asked))
    except FORESEEN as error:
        return await _page(request, services, form, error=error_of(error))
    return RedirectResponse(f"/compare?a={keys[0]}&b={keys[1]}", 303)


async def _key(request: Request, services: Services, project: str, asked: PanelRequest) -> str:
    """Of the panel, also where a job is only about to make it."""
    try:
        return (await while_connected(request, explanations.make_panel(services, asked, project))).key
    except StillRunning as error:
        return error.key


async def _page(
    request: Request,
    services: Services,
    form: Form,
    *,
    found: tuple[PanelOut, PanelOut] | None = None,
    error: FormError | None = None,
) -> Response:
    shared = request.query_params.get("scale") != "own"
    offered = models.judging_models(services)
    first = next((m.id for m in offered if m.can_be_asked), offered[0].id if offered else "")
    pair = beside(*found, label=request.query_params.get("label"), shared=shared) if found else None
    page = ComparePage(
        models=offered,
        texts=(found[0].text, found[1].text) if found else (form.get("text_a"), form.get("text_b")),
        chosen=_models(form, found, first),
        error=error,
        pair=pair,
        shared=shared,
        address=f"/compare?a={found[0].key}&b={found[1].key}" if found else "/compare",
    )
    return render(request, "compare/page.html", page, section="compare", status=error.status if error else 200)


def _models(form: Form, found: tuple[PanelOut, PanelOut] | None, first: str) -> tuple[str, str]:
    if found:
        return found[0].model.id, found[1].model.id
    return form.get("model_a") or first, form.get("model_b") or first
