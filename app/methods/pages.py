"""Pages that tell what each method means in plain words, and when not to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from .._library import explainers
from ..engine.schemas import ModelOut
from ..errors import NotFound
from ..explain.ask import arriving
from ..explain.ask.further import STABILITY
from ..explain.ask.schemas import ExplanationRequest
from ..explain.draw.examples import examples_for
from ..models import service as models
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.rendering import language_of, render
from ..web.responses import prefer_wait
from . import service
from .schemas import ExplainerOut

NOTHING = Form({})
router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPage:
    methods: Sequence[ExplainerOut]


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPage:
    method: ExplainerOut
    text: str  # what it does and when to trust it, in Markdown
    others: Sequence[ExplainerOut]
    models: Sequence[ModelOut]  # that it can be tried on
    chosen: str
    typed: str
    error: FormError | None


@router.get("/methods")
async def index(request: Request) -> Response:
    page = IndexPage(methods=service.list_methods())
    return render(request, "methods/index.html", page, section="methods", json_twin="/v1/explainers")


@router.get("/methods/{name}")
async def one(request: Request, name: str, services: ServicesDep) -> Response:
    return await _page(request, services, name)


@router.post("/methods/{name}/try", dependencies=[needs(Scope.EXPLAIN)])
async def try_it(request: Request, name: str, services: ServicesDep, project: ProjectDep) -> Response:
    """One text explained by this method alone: 303 to where the explanation arrives."""
    form = await form_of(request)
    wrong = text_error(form.get("text"))
    if wrong is not None:
        return await _page(request, services, name, form, wrong)
    try:
        asked = ExplanationRequest.model_validate(
            {"model": form.get("model"), "input": {"text": form.get("text")}, "method": name}
        )
        begun = await arriving.begin(services, asked, project, wait=prefer_wait(request))
    except FORESEEN as error:
        return await _page(request, services, name, form, error_of(error))
    further = f"?ask={STABILITY}#ask-{STABILITY}" if form.get("then") == STABILITY else ""
    return RedirectResponse(begun.address + further, 303)


@router.get("/methods/{name}/try")
async def back(name: str) -> Response:
    return RedirectResponse(f"/methods/{name}", 303)


async def _page(
    request: Request, services: Services, name: str, form: Form = NOTHING, error: FormError | None = None
) -> Response:
    try:
        found = service.find_method(name)
    except explainers.UnknownExplainer as unknown:
        raise NotFound(str(unknown), cure="Choose a method of the list.") from unknown
    able = [each for each in models.list_models(services) if each.can_be_asked and _can(found.name, each)]
    language = language_of(request)
    example = next((each for each in examples_for(able[0].id)), None) if able else None
    page = MethodPage(
        method=found,
        text=explainers.prose_of(found.name, language).text,
        others=[each for each in service.list_methods() if each.name != found.name],
        models=able,
        chosen=form.get("model"),
        typed=form.get("text") or (example.text if example else ""),
        error=error,
    )
    status = error.status if error else 200
    return render(request, "methods/method.html", page, section="methods", json_twin="/v1/explainers", status=status)


def _can(method: str, model: ModelOut) -> bool:
    """Whether a single text can be explained by it; one that is not loaded is asked when it is."""
    return model.task != "similarity" and (not model.methods or method in model.methods)
