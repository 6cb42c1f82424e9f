"""Long work: the list, and one job with its progress, to be stopped or tried again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..errors import UnknownValue
from ..scopes import Scope
from ..store.job_states import FINAL, State
from ..web.dependencies import CallerDep, ProjectDep, ServicesDep, needs
from ..web.forms import FORM_ERRORS
from ..web.rendering import render
from ..web.words import N_
from . import forgetting, service
from .api import OF_ITS_KIND
from .registry import KINDS
from .schemas import JobOut

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
SHOWN = {"": (), "active": tuple(set(State) - FINAL), "ended": tuple(FINAL)}
EXPLANATION = "explanation"
UNFINISHED = (
    N_("It could not be finished."),
    N_("What is stored is kept: tried again, the job continues from there."),
)
NAMES = {
    "page": N_("What was found"),
    "model": N_("The model"),
    "taught": N_("Taught by"),
    "dataset": N_("Data set"),
    "jsonl": "JSON Lines",
    "csv": "CSV",
    "parquet": "Parquet",
    "json": "JSON",
    "html": "HTML",
    "pdf": "PDF",
    "md": "Markdown",
    "zip": "ZIP",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    jobs: Sequence[JobOut]
    next: str | None
    show: str  # a key of SHOWN
    active: bool  # some of them still change


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    job: JobOut
    ended: bool
    changes: bool  # whether the caller may stop it and try it again
    links: Sequence[tuple[str, str]]  # name and address of what came of it
    counts: Sequence[tuple[str, int]]
    epochs: Sequence[Mapping[str, float]]  # of a training
    pretraining: Sequence[Mapping[str, float]]  # epochs before it, of learning the language
    trouble: tuple[str, str] | None  # what is wrong, and what to do


@router.get("/jobs")
async def jobs(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    show = request.query_params.get("show", "")
    if show not in SHOWN:
        raise UnknownValue("show", show, [name for name in SHOWN if name], cure="Show all jobs.")
    cursor = request.query_params.get("cursor") or None
    found = await service.listing(services, project, states=SHOWN[show], cursor=cursor)
    page = ListPage(
        jobs=found.jobs, next=found.next, show=show, active=any(job.state not in FINAL for job in found.jobs)
    )
    return render(request, "jobs/list.html", page, section="jobs", json_twin="/v1/jobs")


@router.get("/jobs/{id}")
async def one(request: Request, id: str, services: ServicesDep, project: ProjectDep, caller: CallerDep) -> Response:
    job = await service.get(services, project, id)
    result = job.result or {}
    if job.kind == EXPLANATION and job.state is State.DONE:  # who waited for it wants to see it
        return RedirectResponse(result["links"]["page"], 303)
    page = JobPage(
        job=job,
        ended=job.state in FINAL,
        changes=caller.may(KINDS[job.kind].scope),
        links=tuple((NAMES.get(name, name), str(address)) for name, address in result.get("links", {}).items()),
        epochs=result.get("epochs", ()),
        pretraining=result.get("pretraining", ()),
        trouble=None if job.error is None else FORM_ERRORS.get(job.error.code, UNFINISHED),
        counts=tuple((name, value) for name, value in result.items() if isinstance(value, int)),
    )
    return render(request, "jobs/job.html", page, section="jobs", json_twin=f"/v1/jobs/{job.id}")


@router.post("/jobs/{id}/cancel", dependencies=[OF_ITS_KIND])
async def cancel(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    job = await service.cancel(services, project, id)
    return RedirectResponse(f"/jobs/{job.id}", 303)


@router.post("/jobs/{id}/delete", dependencies=[OF_ITS_KIND])
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """With what it stored. A data set that a job read stays, and a model that came of it."""
    await forgetting.job(services, project, id)
    return RedirectResponse("/jobs", 303)


@router.post("/jobs/{id}/retry", dependencies=[OF_ITS_KIND])
async def retry(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    job = await service.retry(services, project, id)
    return RedirectResponse(f"/jobs/{job.id}", 303)
