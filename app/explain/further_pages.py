"""Ways on from the page of an explanation: further questions, the same computed anew, and changed texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of, text_error
from ..web.responses import prefer_wait
from . import pages
from .ask import arriving, further, versions
from .ask.alike import again
from .ask.schemas import Asked, PanelOut
from .pages import Sent

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
NUMBERS = ("seed", "budget")
CHOICES = ("players", "accuracy", "baseline", "value", "target")
PLACES = ("focus", "word")  # in a text; another text has others


@router.get("/panels/{key}/ask")
@router.get("/panels/{key}/anew")
@router.get("/panels/{key}/versions")
@router.get("/explanations/{key}/ask")
@router.get("/explanations/{key}/anew")
@router.get("/explanations/{key}/versions")
async def back(request: Request) -> Response:
    return RedirectResponse(request.url.path.rpartition("/")[0], 303)


@router.post("/panels/{key}/ask", dependencies=[needs(Scope.EXPLAIN)])
@router.post("/explanations/{key}/ask", dependencies=[needs(Scope.EXPLAIN)])
async def ask(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    """Ask a further question: 303 to the page with it open, or that question alone. Raises where there is no such."""
    found, kind = await _found(request, services, project, key)
    form = await form_of(request)
    method, players = form.get("method"), form.optional("players")
    opened = {**further.opened_by(form.get("ask")), method: players}
    model, wait = further.asked_model(found, pages.model_of(services, found), method), prefer_wait(request)
    refused: FormError | None = None
    try:
        if method == further.STABILITY:
            await further.ask_stability(services, found, model, project, kind=kind, wait=wait)
        else:
            await further.ask(services, found, model, project, method=method, players=players, wait=wait)
    except FORESEEN as error:
        refused = error_of(error)
    if refused is None and not pages.fragment_of(request):
        listed = ",".join(f"{name}:{chosen}" if chosen else name for name, chosen in opened.items())
        return RedirectResponse(f"/{kind}/{key}?ask={listed}#ask-{method}", 303)
    sent = Sent(opened=opened, refused={method: refused})
    return await pages.page(request, services, project, found, kind, sent)


@router.post("/panels/{key}/anew", dependencies=[needs(Scope.EXPLAIN)])
@router.post("/explanations/{key}/anew", dependencies=[needs(Scope.EXPLAIN)])
async def anew(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    """Ask the same text by other rules: 303 to where it arrives, or the page with what is wrong with the rules."""
    found, kind = await _found(request, services, project, key)
    form = await form_of(request)
    try:
        asked = await _again(request, services, project, found, kind, _rules(form))
    except FORESEEN as error:
        sent = Sent(refused={"anew": error_of(error)})
        return await pages.page(request, services, project, found, kind, sent)
    return RedirectResponse(asked.address, 303)


@router.post("/panels/{key}/versions", dependencies=[needs(Scope.EXPLAIN)])
@router.post("/explanations/{key}/versions", dependencies=[needs(Scope.EXPLAIN)])
async def version(request: Request, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    """A changed text: 303 to its explanation, or to the comparison with the original."""
    found, kind = await _found(request, services, project, key)
    form = await form_of(request)
    text = {"text": form.get("text"), "text_pair": form.get("text_pair") if found.text_pair is not None else None}
    wrong = text_error(text["text"] or "")
    try:
        if wrong is None:
            asked = await _again(request, services, project, found, kind, {"input": text} | dict.fromkeys(PLACES))
    except FORESEEN as error:
        wrong = error_of(error)
    if wrong is not None:
        sent = Sent(refused={"version": wrong}, draft=text["text"])
        return await pages.page(request, services, project, found, kind, sent)
    await versions.note(services, project, key=asked.key, original=key)
    compares = form.get("then") == "compare" and kind == "panels"
    return RedirectResponse(f"/compare?a={key}&b={asked.key}" if compares else asked.address, 303)


async def _found(request: Request, services: Services, project: str, key: str) -> tuple[PanelOut, str]:
    kind = request.scope["route"].path.split("/")[1]
    return await pages.find(services, project, key, kind), kind


def _rules(form: Form) -> dict[str, Any]:
    """Rules that the form names; an empty field leaves a rule as it was."""
    named: Mapping[str, str] = {name: form.get(name) for name in (*NUMBERS, *CHOICES) if form.get(name)}
    return {name: pages.number_of(value) if name in NUMBERS else value for name, value in named.items()}


async def _again(
    request: Request, services: Services, project: str, found: PanelOut, kind: str, changed: Mapping[str, Any]
) -> Asked:
    model = await services.engine.ready(found.model.id)
    return await arriving.begin(services, again(found, model, kind, **changed), project, wait=prefer_wait(request))
