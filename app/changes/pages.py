"""A model's life: the comparisons of its versions, a form for another one, and what one found."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..datasets import service as datasets
from ..datasets.schemas import DatasetOut
from ..engine.schemas import ModelOut
from ..jobs.schemas import JobOut
from ..models import service as models
from ..scopes import Scope
from ..store.job_states import FINAL
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import render
from . import service, view
from .schemas import ChangeOut, ChangeRequest

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LISTED = 100  # data sets to choose from, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    changes: Sequence[JobOut]
    next: str | None
    models: Sequence[ModelOut]
    datasets: Sequence[DatasetOut]
    asked: Mapping[str, str]  # what was typed
    error: FormError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePage:
    job: JobOut
    ended: bool
    c: ChangeOut | None
    agreement: view.Scale | None
    stages: Sequence[view.Stage]


@router.get("/changes")
async def changes(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    asked = {name: request.query_params.get(name, "") for name in ("before", "after", "dataset")}
    models.refuse_unknown(models.classifiers(services), asked["before"], asked["after"])
    if asked["dataset"]:  # raises NotFound
        await asyncio.to_thread(datasets.find, services.store, project, asked["dataset"])
    return await _list(request, services, project, Form(asked))


@router.post("/changes", dependencies=[needs(Scope.AUDIT)])
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        job = await service.submit(services, project, ChangeRequest.model_validate(_asked(form)))
    except FORESEEN as error:
        return await _list(request, services, project, form, error_of(error))
    return RedirectResponse(f"/changes/{job.id}", 303)


@router.get("/changes/{id}")
async def change(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    found = await service.find(services, project, id)
    states = {state.digest: state for state in models.list_models(services)}
    page = ChangePage(
        job=found.job,
        ended=found.job.state in FINAL,
        c=found.change,
        agreement=None if found.change is None else view.scale_of(found.change.agreement),
        stages=() if found.change is None else view.stages_of(states.get(found.change.after.digest)),
    )
    return render(request, "changes/page.html", page, section="models", json_twin=f"/v1/changes/{id}")


@router.post("/changes/{id}/delete", dependencies=[needs(Scope.AUDIT)])
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    await service.delete(services, project, id)
    return RedirectResponse("/changes", 303)


def _usual(offered: Sequence[ModelOut], before: str) -> dict[str, str]:
    """The first two models of one list of classes: others cannot be compared."""
    pairs = (
        (one.id, other.id) for one in offered for other in offered if one.id != other.id and one.labels == other.labels
    )
    found = next((pair for pair in pairs if before in ("", pair[0])), None)
    return {} if found is None else dict(zip(("before", "after"), found, strict=True))


def _asked(form: Form) -> dict[str, Any]:
    asked: dict[str, Any] = {name: form.get(name).strip() for name in ("before", "after", "dataset")}
    asked |= {name: form.get(name).strip() or None for name in ("twin", "terms")}
    texts = form.get("texts").strip()
    return {**asked, "texts": int(texts) if texts.isdecimal() else texts} if texts else asked


async def _list(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    found = await service.listing(services, project, cursor=request.query_params.get("cursor"))
    sets = await asyncio.to_thread(datasets.listing, services.store, project, limit=LISTED)
    page = ListPage(
        changes=found.changes,
        next=found.next,
        models=(offered := models.classifiers(services)),
        datasets=[each for each in sets.datasets if each.status == "ready"],
        asked={**_usual(offered, form.get("before")), **{name: typed for name, typed in form.values.items() if typed}},
        error=error,
    )
    status = error.status if error else 200
    return render(request, "changes/list.html", page, section="models", json_twin="/v1/changes", status=status)
