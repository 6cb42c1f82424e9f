"""The models that are served, one model with its card, and the form that adds a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..engine.schemas import ModelOut
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.rendering import render
from . import service
from .fetching import Waiting, waiting

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    models: Sequence[ModelOut]
    roots: Sequence[str]  # folders below which a model may be added
    path: str
    error: FormError | None
    loading: bool
    waiting: Waiting | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    model: ModelOut
    card: dict[str, Any]
    removable: bool


@router.get("/models")
async def models(request: Request, services: ServicesDep) -> Response:
    return _list(request, services)


@router.post("/models", dependencies=[needs(Scope.ADMIN)])
async def register(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """303 to the job that checks the folder, or to the model where it is served already."""
    form = await form_of(request)
    path = form.get("path").strip()
    try:
        found = await service.register_model(services, project, path, wait=0)
    except FORESEEN as error:
        return _list(request, services, path=path, error=error_of(error))
    return RedirectResponse(f"/{'jobs' if isinstance(found, JobOut) else 'models'}/{found.id}", 303)


@router.get("/models/{model}")
async def one(request: Request, model: str, services: ServicesDep) -> Response:
    found = service.find_model(services, model)
    page = ModelPage(model=found, card=found.card or {}, removable=found.source is not None)
    return render(request, "models/model.html", page, section="models", json_twin=f"/v1/models/{found.id}")


@router.post("/models/{model}/forget", dependencies=[needs(Scope.ADMIN)])
async def forget(model: str, services: ServicesDep) -> Response:
    await service.forget_model(services, model)
    return RedirectResponse("/models", 303)


def _list(request: Request, services: Services, *, path: str = "", error: FormError | None = None) -> Response:
    found = service.list_models(services)
    page = ListPage(
        models=found,
        roots=[str(root) for root in services.settings.roots],
        path=path,
        error=error,
        waiting=waiting(services),
        loading=any(model.status == "loading" for model in found),
    )
    status = error.status if error else 200
    return render(request, "models/list.html", page, section="models", json_twin="/v1/models", status=status)
