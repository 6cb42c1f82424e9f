"""What Whence is, its REST interface, and how it is doing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ..engine.schemas import ModelOut
from ..models import service as models
from ..scopes import Scope
from ..web.dependencies import CallerDep, ServicesDep, needs
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
    page = RestPage(routes=routes, origin=str(request.base_url).rstrip("/"))
    return render(request, "about/rest.html", page, section="rest", json_twin="/openapi.json")


@router.get("/status")
async def status(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    found = models.list_models(services)
    page = StatusPage(
        models=found,
        data=str(services.settings.data) if (owner := caller.may(Scope.ADMIN)) else None,
        roots=[str(root) for root in services.settings.roots] if owner else [],
        ready=any(model.status == "ready" for model in found),
    )
    return render(request, "about/status.html", page, section="status", json_twin="/readyz")
