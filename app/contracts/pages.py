"""Contracts: what was checked, a form, and what a check found beside the checks before it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
from . import service
from .schemas import CheckedOut, CheckOut, CheckRequest

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LISTED = 100  # data sets to choose from, the newest
WORST = ("failed", "undecided", "passed")
BEGUN = """name = "Reviews"

[[golden]]
text = "a gorgeous, witty film"
predicts = "positive"
carried_by = ["gorgeous", "witty"]

[[behaviour]]
name = "Negation flips"
must = "flip"
pairs = [["a good film", "not a good film"]]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    checks: Sequence[JobOut]
    next: str | None
    models: Sequence[ModelOut]
    datasets: Sequence[DatasetOut]
    asked: Mapping[str, str]  # what was typed
    error: FormError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    job: JobOut
    ended: bool
    c: CheckedOut | None
    checks: Sequence[CheckOut]  # the worst first
    contract: str  # as it was sent
    model: str
    dataset: str
    versions: Sequence[tuple[JobOut, CheckedOut]]  # checks of contracts of this name, the oldest first
    rows: Sequence[tuple[str, Sequence[str]]]  # a check and its outcome in each version, empty where it was not made


@router.get("/checks")
async def checks(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    asked = {name: request.query_params.get(name, "") for name in ("model", "dataset")}
    models.refuse_unknown(models.classifiers(services), asked["model"])
    if asked["dataset"]:  # raises NotFound
        await asyncio.to_thread(datasets.find, services.store, project, asked["dataset"])
    return await _list(request, services, project, Form({"contract": BEGUN, **asked}))


@router.post("/checks", dependencies=[needs(Scope.AUDIT)])
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    asked = {"contract": form.get("contract"), "model": form.get("model"), "dataset": form.get("dataset") or None}
    try:
        job = await service.submit(services, project, CheckRequest.model_validate(asked))
    except FORESEEN as error:
        return await _list(request, services, project, form, error_of(error))
    return RedirectResponse(f"/checks/{job.id}", 303)


@router.get("/checks/{id}")
async def check(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    found, asked = await service.find(services, project, id), await service.request_of(services, project, id)
    versions = [] if found.check is None else await service.history(services, project, found.check.contract)
    page = CheckPage(
        job=found.job,
        ended=found.job.state in FINAL,
        c=found.check,
        checks=() if found.check is None else sorted(found.check.checks, key=lambda each: WORST.index(each.outcome)),
        contract=asked.contract,
        model=asked.model,
        dataset=asked.dataset or "",
        versions=versions,
        rows=_rows(found.check, versions),
    )
    return render(request, "contracts/page.html", page, section="models", json_twin=f"/v1/checks/{id}")


@router.post("/checks/{id}/delete", dependencies=[needs(Scope.AUDIT)])
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    await service.delete(services, project, id)
    return RedirectResponse("/checks", 303)


def _rows(found: CheckedOut | None, versions: Sequence[tuple[JobOut, CheckedOut]]) -> list[tuple[str, Sequence[str]]]:
    """By kind and name: checks are the same where both are."""
    if found is None:
        return []
    known = [{(each.kind, each.name): each.outcome for each in checked.checks} for _, checked in versions]
    return [(each.name, [outcomes.get((each.kind, each.name), "") for outcomes in known]) for each in found.checks]


async def _list(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    found = await service.listing(services, project, cursor=request.query_params.get("cursor"))
    sets = await asyncio.to_thread(datasets.listing, services.store, project, limit=LISTED)
    page = ListPage(
        checks=found.checks,
        next=found.next,
        models=models.classifiers(services),
        datasets=[each for each in sets.datasets if each.status == "ready"],
        asked=form.values,
        error=error,
    )
    status = error.status if error else 200
    return render(request, "contracts/list.html", page, section="models", json_twin="/v1/checks", status=status)
