"""Variants of a data set's rows: a form, and what each data set of variants showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..datasets import flow as datasets
from ..datasets.schemas import DatasetOut
from ..errors import AppError, BadRequest, Conflict, NotFound
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..store.job_states import FINAL, State
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import render
from ..workbench import flow as workbench
from ..workbench.links import wish_of
from ..workbench.schemas import BenchOut, Wish
from . import service
from .form import asked_of, query
from .schemas import HOWS, MOST_FLIPS, MOST_ROWS, MOST_TIMES, MUSTS, USUAL, BehavioursOut, VariantsOut

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantsPage:
    dataset: DatasetOut
    job: JobOut | None  # one that is under way or failed
    under_way: bool
    error: FormError | None
    bench: BenchOut | None  # None before a model was asked
    refused: str  # why there is none
    here: str  # the query of the selection
    own: BehavioursOut | None  # where the data set itself holds variants
    made: VariantsOut
    typed: Callable[..., str]  # a field of the form as somebody typed it
    kinds: Sequence[str]
    musts: Sequence[str]
    usual: dict[str, str]
    most: tuple[int, int, int]  # rows, rows of flip, variants of a row


@router.get("/datasets/{id}/variants")
async def variants(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    try:
        wish = wish_of(dict(request.query_params))
    except BadRequest as error:
        return await _page(request, services, project, id, Wish(), Form({}), error_of(error))
    return await _page(request, services, project, id, wish, Form({}))


@router.post("/datasets/{id}/variants", dependencies=[needs(Scope.AUDIT)])
async def make(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    wish = Wish()
    try:
        wish = wish_of(dict(parse_qsl(form.get("state"), max_num_fields=30)))
        await service.make(services, project, id, asked_of(form, wish))
    except FORESEEN as error:
        return await _page(request, services, project, id, wish, form, error_of(error))
    chosen = query(wish)
    return RedirectResponse(f"/datasets/{id}/variants" + (f"?{chosen}" if chosen else ""), 303)


async def _page(
    request: Request,
    services: Services,
    project: str,
    id: str,
    wish: Wish,
    form: Form,
    error: FormError | None = None,
) -> Response:
    found = await datasets.find(services, project, id)
    job = await datasets.job_of(services, project, found.job)
    bench, refused = None, ""
    try:
        bench = await workbench.view(services, project, id, wish)
    except (Conflict, NotFound, BadRequest) as reason:
        refused = str(reason)
    page = VariantsPage(
        dataset=found, job=job if job is not None and job.state != State.DONE else None,
        under_way=job is not None and job.state not in FINAL, error=error, bench=bench, refused=refused,
        here=query(wish), own=await _own(services, project, id), made=await service.listing(services, project, id),
        typed=form.get, kinds=HOWS, musts=MUSTS,
        usual={how: USUAL.get(how, "stay") for how in HOWS}, most=(MOST_ROWS, MOST_FLIPS, MOST_TIMES),
    )  # fmt: skip
    twin = f"/v1/datasets/{id}/variants"
    status = error.status if error else 200
    return render(request, "variants/page.html", page, section="datasets", json_twin=twin, status=status)


async def _own(services: Services, project: str, id: str) -> BehavioursOut | None:
    try:
        return await service.behaviours(services, project, id)
    except AppError:
        return None
