"""The form that trains a model on a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..datasets import service as datasets
from ..datasets.schemas import DatasetOut
from ..scopes import Scope
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import render
from . import requests
from .schemas import Recipe, TrainingRequest

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.ADMIN)])
WHOLE, FRACTION = ("epochs", "maximum_length", "rank"), ("learning_rate",)
LISTED = 100  # data sets to choose from, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainPage:
    datasets: Sequence[DatasetOut]
    asked: Mapping[str, str]  # what was typed
    recipe: Recipe  # the defaults
    error: FormError | None


@router.get("/train")
async def form(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    asked = request.query_params.get("dataset", "")
    if asked:  # raises NotFound
        await services.store.answered(partial(datasets.find, services.store, project, asked))
    return await _form(request, services, project, Form({"dataset": asked}))


@router.post("/train")
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    typed = await form_of(request)
    try:
        job = await requests.submit(services, project, TrainingRequest.model_validate(_asked(typed)))
    except FORESEEN as error:
        return await _form(request, services, project, typed, error_of(error))
    return RedirectResponse(f"/jobs/{job.id}", 303)


@router.post("/trainings/{id}/delete")
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    await requests.delete(services, project, id)
    return RedirectResponse("/jobs", 303)


def _asked(form: Form) -> dict[str, Any]:
    """The fields of the form. An empty one has its default; the schema refuses what is no number, by name."""
    recipe: dict[str, Any] = {name: _number(form.get(name), int) for name in WHOLE if form.get(name).strip()}
    recipe |= {name: _number(form.get(name), float) for name in FRACTION if form.get(name).strip()}
    texts = {name: form.get(name).strip() for name in ("name", "title", "description", "dataset")}
    optional = {name: form.get(name).strip() or None for name in ("dev", "test", "split")}
    seed = {"seed": _number(form.get("seed"), int)} if form.get("seed").strip() else {}
    chosen: dict[str, Any] = {name: form.get(name) for name in ("method", "base") if form.get(name)}
    if form.get("pretrain"):
        chosen["pretrain"] = {"start": form.get("pretrain")}
    return {**texts, **optional, **seed, **chosen, "recipe": recipe}


def _number(text: str, kind: type[int] | type[float]) -> Any:
    try:
        return kind(text)
    except ValueError:
        return text


async def _form(
    request: Request, services: Services, project: str, typed: Form, error: FormError | None = None
) -> Response:
    found = await services.store.answered(partial(datasets.listing, services.store, project, limit=LISTED))
    page = TrainPage(
        datasets=[each for each in found.datasets if requests.usable(each)],
        asked=typed.values,
        recipe=Recipe(),
        error=error,
    )
    status = error.status if error else 200
    return render(request, "train/form.html", page, section="models", status=status)
