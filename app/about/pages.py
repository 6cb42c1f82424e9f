"""Pages about Whence itself: its purpose, its REST interface, its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ..engine.schemas import ModelOut
from ..health import service as health
from ..models import service as models
from ..scopes import Scope
from ..store.job_condition import Doing
from ..web import addresses
from ..web.dependencies import CallerDep, ServicesDep, needs
from ..web.forms import FORM_ERRORS
from ..web.rendering import language_of, render

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutPage:
    text: str  # the template with the words of the language


@dataclass(frozen=True, slots=True)
class Route:
    verb: str
    path: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestPage:
    routes: Sequence[Route]
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusPage:
    models: Sequence[ModelOut]
    data: str | None  # for administrators
    roots: Sequence[str]
    ready: bool
    database: tuple[str, str] | None  # what is wrong with it and what to do; None where it answers
    jobs: Doing
    halt: str  # why jobs are not being run; with the cure for administrators


@router.get("/about")
async def about(request: Request) -> Response:
    page = AboutPage(text=f"about/text/{language_of(request)}.html")
    return render(request, "about/about.html", page, section="about")


@router.get("/rest")
async def rest(request: Request) -> Response:
    described = request.app.openapi()["paths"]
    routes = [
        Route(verb.upper(), path, operation.get("summary", ""))
        for path, operations in described.items()
        for verb, operation in operations.items()
        if verb in VERBS
    ]
    page = RestPage(routes=routes, origin=str(request.base_url).rstrip("/") + addresses.root())
    return render(request, "about/rest.html", page, section="rest", json_twin="/openapi.json")


@router.get("/status")
async def status(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    found = models.list_models(services)
    fault = await health.fault_of_database(services)
    halt = services.runner.halt
    page = StatusPage(
        models=found,
        data=str(services.settings.data) if (owner := caller.may(Scope.ADMIN)) else None,
        roots=[str(root) for root in services.settings.roots] if owner else [],
        ready=fault is None and any(model.can_be_asked for model in found),
        database=None if fault is None else FORM_ERRORS[fault.code],
        jobs=services.runner.doing,
        halt="" if halt is None else (owner and halt.inside) or halt.said,
    )
    return render(request, "about/status.html", page, section="status", json_twin="/readyz")
