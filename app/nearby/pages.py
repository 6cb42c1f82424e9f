"""Rows near a row, and rows near a text: two pages over one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..datasets import flow as datasets
from ..datasets.schemas import DatasetOut
from ..datasets.service import DataRow
from ..engine.schemas import ModelOut
from ..errors import BadRequest, Conflict
from ..explain.ask import arriving
from ..explain.ask.schemas import PanelRequest
from ..jobs.schemas import JobOut
from ..schemas import TextInput
from ..scopes import Scope
from ..store.job_states import FINAL, State
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.rendering import render
from ..web.responses import prefer_wait
from . import service
from .schemas import By, NearbyOut

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
SHOWN = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class NearPage:
    """row: where it is about a row. by_states, by_meaning: None without vectors, with the reason in `lacks`."""

    dataset: DatasetOut
    job: JobOut | None
    under_way: bool
    row: DataRow | None
    by_states: NearbyOut | None
    by_meaning: NearbyOut | None
    lacks: str
    searched: str
    encoder: str
    encoders: Sequence[ModelOut]
    error: FormError | None


@router.get("/datasets/{id}/rows/{number}/similar")
async def similar(request: Request, id: str, number: int, services: ServicesDep, project: ProjectDep) -> Response:
    row = await datasets.row(services, project, id, number)
    return await _page(request, services, project, id, row=row)


@router.get("/datasets/{id}/meaning")
async def meaning(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    return await _page(request, services, project, id)


@router.post("/datasets/{id}/meaning", dependencies=[needs(Scope.AUDIT)])
async def make(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        await service.make(services, project, id, form.get("encoder"))
    except FORESEEN as error:
        return await _page(request, services, project, id, error=error_of(error))
    return RedirectResponse(f"/datasets/{id}/meaning", 303)


@router.get("/datasets/{id}/meaning/search")
async def back(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The address that the form left in the address bar."""
    found = await datasets.find(services, project, id)
    return RedirectResponse(f"/datasets/{found.id}/meaning", 303)


@router.post("/datasets/{id}/meaning/search", dependencies=[needs(Scope.EXPLAIN)])
async def search(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The text is posted: words of texts stand in no address."""
    form = await form_of(request)
    text = form.get("text").replace("\x00", "")[:2_000]
    try:
        found = await service.search(services, project, id, text, limit=SHOWN)
    except FORESEEN as error:
        return await _page(request, services, project, id, searched=text, error=error_of(error))
    return await _page(request, services, project, id, searched=text, found=found)


@router.post("/datasets/{id}/rows/{number}/similar/{other}", dependencies=[needs(Scope.EXPLAIN)])
async def why(
    request: Request, id: str, number: int, other: int, services: ServicesDep, project: ProjectDep
) -> Response:
    """Explain the similarity of two rows by their words."""
    first, second = [await datasets.row(services, project, id, each) for each in (number, other)]
    encoder = await service.encoder_of(services, project, id)
    try:
        if not encoder:
            known = service.encoders(services)
            if not known:
                raise BadRequest("no sentence encoder is served", cure="Serve the model similarity.")
            encoder = known[0].id
        asked = PanelRequest(model=encoder, input=TextInput(text=first.whole, text_pair=second.whole))
        holder = await datasets.holder(services, project, id)
        begun = await arriving.begin(services, asked, project, holder=holder, wait=prefer_wait(request))
    except FORESEEN as error:
        return await _page(request, services, project, id, row=first, error=error_of(error))
    return RedirectResponse(begun.address, 303)


async def _page(
    request: Request,
    services: Services,
    project: str,
    id: str,
    *,
    row: DataRow | None = None,
    searched: str = "",
    found: NearbyOut | None = None,
    error: FormError | None = None,
) -> Response:
    dataset = await datasets.find(services, project, id)
    job = await datasets.job_of(services, project, dataset.job)
    by_states, lacks = None, ""
    if row is not None:
        by_states, lacks = await _near(services, project, id, row.number, "states")
        found, _ = await _near(services, project, id, row.number, "meaning")
    page = NearPage(
        dataset=dataset, job=job if job is not None and job.state != State.DONE else None,
        under_way=job is not None and job.state not in FINAL, row=row, by_states=by_states, by_meaning=found,
        lacks=lacks, searched=searched, encoder=await service.encoder_of(services, project, id),
        encoders=service.encoders(services), error=error,
    )  # fmt: skip
    twin = f"/v1/datasets/{id}"
    if row is not None and by_states is not None:
        twin += f"/rows/{row.number}/similar"
    status = error.status if error else 200
    return render(request, "nearby/page.html", page, section="datasets", json_twin=twin, status=status)


async def _near(services: Services, project: str, id: str, number: int, by: By) -> tuple[NearbyOut | None, str]:
    """The rows, or why there are none."""
    try:
        return await service.similar(services, project, id, number, by=by, limit=SHOWN), ""
    except Conflict as refused:
        return None, str(refused)
