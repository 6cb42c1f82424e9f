"""Taught by: a form for a text, and the training texts that raised or lowered what the model says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..engine.schemas import ModelOut
from ..jobs.schemas import JobOut
from ..models import service as models
from ..scopes import Scope
from ..store.job_states import FINAL
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import render
from . import service
from .schemas import TaughtOut, TaughtRequest

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LEFT_OUT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPage:
    models: Sequence[ModelOut]  # that were trained here
    asked: Mapping[str, str]
    error: FormError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtPage:
    job: JobOut
    ended: bool
    asked: Mapping[str, Any]
    t: TaughtOut | None
    left_out: int  # texts that the check on demand leaves out


@router.get("/taught")
async def ask(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _form(request, services, project, Form({"model": request.query_params.get("model", "")}))


@router.post("/taught", dependencies=[needs(Scope.AUDIT)])
async def start(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    count = form.get("leave_out", "0")
    given = {"model": form.get("model"), "text": form.get("text"), "target": form.get("target")}
    try:
        left = {"leave_out": int(count) if count.isascii() and count.isdecimal() and len(count) < 5 else 0}
        job = await service.submit(services, project, TaughtRequest.model_validate({**given, **left}))
    except FORESEEN as error:
        return await _form(request, services, project, form, error_of(error))
    return RedirectResponse(f"/taught/{job.id}", 303)


@router.get("/taught/{id}")
async def show(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    found, asked = await service.find(services, project, id), await service.request_of(services, project, id)
    page = TaughtPage(
        job=found.job, ended=found.job.state in FINAL, asked=asked.model_dump(), t=found.taught, left_out=LEFT_OUT
    )
    return render(request, "taught/page.html", page, section="models", json_twin=f"/v1/taught/{id}")


async def _form(
    request: Request, services: Services, project: str, form: Form, error: FormError | None = None
) -> Response:
    known = [
        each
        for each in models.classifiers(services)
        if await service.training_of(services, project, each.id) is not None
    ]
    page = AskPage(models=known, asked=form.values, error=error)
    return render(request, "taught/form.html", page, section="models", status=error.status if error else 200)
