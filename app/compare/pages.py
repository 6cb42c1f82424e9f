"""Two texts, or two models, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..engine.schemas import ModelOut
from ..errors import UnknownValue
from ..explain import arriving_pages
from ..explain.ask import arriving
from ..explain.ask import service as explanations
from ..explain.ask.arriving import Coming, Ending
from ..explain.ask.schemas import PanelOut, PanelRequest
from ..models import service as models
from ..schemas import TextInput
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error, told
from ..web.rendering import render
from ..web.responses import prefer_wait
from .service import Pair, beside

SCALES = ("shared", "own")
router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    models: Sequence[ModelOut]
    texts: tuple[str, str]
    pairs: tuple[str, str]  # the second texts
    chosen: tuple[str, str]  # the models
    error: FormError | None
    pair: Pair | None
    shared: bool
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSide:
    letter: str
    address: str
    model: str
    text: str
    share: float  # of the work that is done
    state: Ending | Literal["done"]
    error: FormError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingPage:
    """A comparison of which a side is not there yet."""

    address: str
    sides: Sequence[WaitingSide]
    state: Ending


@router.get("/compare")
async def compare(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """?a= and ?b= are keys of panels; without them the form."""
    if "pick" in request.query_params:
        return await _picked(request, services, request.query_params.getlist("pick"))
    keys = [request.query_params.get(name, "") for name in ("a", "b")]
    if not all(keys):
        return await _page(request, services, await _prefilled(services, project, keys[0]))
    coming = [await arriving.find(services, project, key) for key in keys]
    if any(coming):
        return await _waiting(request, services, project, keys, coming)
    left, right = [await explanations.find_panel(services, key, project) for key in keys]
    if arriving_pages.is_followed(request):
        return arriving_pages.complete()
    return await _page(request, services, Form({}), found=(left, right))


async def _picked(request: Request, services: Services, keys: Sequence[str]) -> Response:
    """From a list: two explanations that were ticked."""
    if len(keys) == 2:
        return RedirectResponse(f"/compare?a={keys[0]}&b={keys[1]}", 303)
    wrong = FormError("pick_two", f"{len(keys)}", 422, "")
    return await _page(request, services, Form({}), error=wrong)


async def _prefilled(services: Services, project: str, key: str) -> Form:
    """The form with one explanation on both sides, for a word of it to be changed; empty where none was named."""
    if not key:
        return Form({})
    found = await explanations.find_panel(services, key, project)
    named = {"text": found.text, "pair": found.text_pair or "", "model": found.model.id}
    return Form({f"{name}_{side}": value for name, value in named.items() for side in "ab"})


@router.post("/compare", dependencies=[needs(Scope.EXPLAIN)])
async def make(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """An empty second text is the first: then the models are compared."""
    form = await form_of(request)
    texts = (form.get("text_a"), form.get("text_b") or form.get("text_a"))
    for name, text in zip(("text_a", "text_b"), texts, strict=True):
        if (wrong := text_error(text, name)) is not None:
            return await _page(request, services, form, error=wrong)
    pairs = (form.optional("pair_a"), form.optional("pair_b") or form.optional("pair_a"))
    try:
        keys = []
        for text, pair, model in zip(texts, pairs, (form.get("model_a"), form.get("model_b")), strict=True):
            asked = PanelRequest(model=model, input=TextInput(text=text, text_pair=pair))
            keys.append((await arriving.begin(services, asked, project, wait=prefer_wait(request))).key)
    except FORESEEN as error:
        return await _page(request, services, form, error=error_of(error))
    return RedirectResponse(f"/compare?a={keys[0]}&b={keys[1]}", 303)


async def _waiting(
    request: Request, services: Services, project: str, keys: Sequence[str], coming: Sequence[Coming | None]
) -> Response:
    sides = [
        await _side(services, project, letter, key, one) for letter, key, one in zip("AB", keys, coming, strict=True)
    ]
    ended = [side.state for side in sides if side.state in ("stopped", "failed")]
    state: Ending = "stopped" if ended else "running"
    page = WaitingPage(address=f"/compare?a={keys[0]}&b={keys[1]}", sides=sides, state=state)
    template = "compare/_waiting.html" if arriving_pages.is_followed(request) else "compare/waiting.html"
    return render(request, template, page, section="compare", headers={arriving_pages.STATE: state})


async def _side(services: Services, project: str, letter: str, key: str, coming: Coming | None) -> WaitingSide:
    if coming is None:
        found = await explanations.find_panel(services, key, project)
        return WaitingSide(
            letter=letter, address=f"/panels/{key}", model=found.model.id, text=found.text, share=1.0, state="done",
            error=None,
        )  # fmt: skip
    return WaitingSide(
        letter=letter,
        address=coming.asked.address,
        model=coming.asked.model,
        text=coming.asked.question.text,
        share=coming.share,
        state=coming.state,
        error=None if coming.error is None else told(coming.error),
    )


async def _page(
    request: Request,
    services: Services,
    form: Form,
    *,
    found: tuple[PanelOut, PanelOut] | None = None,
    error: FormError | None = None,
) -> Response:
    scale = request.query_params.get("scale") or SCALES[0]
    if scale not in SCALES:
        raise UnknownValue("scale", scale, SCALES, cure="Open the comparison without it.")
    shared = scale == SCALES[0]
    offered = models.judging_models(services)
    first = next((m.id for m in offered if m.can_be_asked), offered[0].id if offered else "")
    pair = beside(*found, label=request.query_params.get("label"), shared=shared) if found else None
    page = ComparePage(
        models=offered,
        texts=(found[0].text, found[1].text) if found else (form.get("text_a"), form.get("text_b")),
        pairs=(form.get("pair_a"), form.get("pair_b")),
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
