"""The workbench of a data set: one selection of rows, seen in every way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..datasets import flow as datasets
from ..datasets.browsing import contexts as browsing
from ..datasets.schemas import DatasetOut
from ..errors import BadRequest, Conflict, NotFound
from ..models import service as models
from ..scopes import Scope
from ..store.job_states import FINAL, State
from ..web import paper
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, FormError, error_of, form_of
from ..web.rendering import language_of, render
from ..web.responses import attached
from . import drawing, flow, links
from .contexts import MOST_COLUMNS, BenchPage, Chip, Shown, WaitPage
from .schemas import PAGE, BenchOut, BenchRow, BenchRowsOut, MarkRequest, SliceRequest, Wish
from .study.language import Is, both, read, written
from .views import Seen

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
BASE = "/datasets/{id}/workbench"
MOST_EXPLAINED = 50
TICKED = re.compile(r"row-([0-9]{1,10})")


@router.get(BASE)
async def workbench(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    try:
        wish = links.wish_of(dict(request.query_params))
    except BadRequest as error:
        return await _page(request, services, project, id, Wish(), error=_told(error))
    return await _page(request, services, project, id, wish)


@router.get(f"{BASE}/slices")
@router.get(f"{BASE}/marks")
@router.get(f"{BASE}/versions")
@router.get(f"{BASE}/explain")
async def back(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The address that a form left in the address bar."""
    found = await datasets.find(services, project, id)
    return RedirectResponse(f"/datasets/{found.id}/workbench", 303)


@router.post(f"{BASE}/slices", dependencies=[needs(Scope.EXPLAIN)])
async def save(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """Conditions are posted, because words of texts stand in no address; the slice they make has one."""
    form = await form_of(request)
    wish = _wish(form.get("state"))
    typed = form.get("statement")
    try:
        made = await flow.save(services, project, id, SliceRequest(statement=typed, name=form.get("name")[:200]))
    except FORESEEN as error:
        return await _page(request, services, project, id, wish, error=_told(error), typed=typed)
    return RedirectResponse(_address(id, wish, slice=made.key, where=""), 303)


@router.post(f"{BASE}/slices/{{key}}/delete", dependencies=[needs(Scope.EXPLAIN)])
async def delete(request: Request, id: str, key: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    await flow.delete(services, project, id, key)
    return RedirectResponse(_address(id, _wish(form.get("state")), slice=""), 303)


@router.post(f"{BASE}/marks", dependencies=[needs(Scope.EXPLAIN)])
async def mark(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    wish = _wish(form.get("state"))
    numbers = [int(found[1]) for found in map(TICKED.fullmatch, form.values) if found]
    action, _, label = form.get("action").partition(":")
    value = label or form.get("note").strip()[:200] or None
    try:
        if not numbers:
            raise BadRequest("no row is ticked", cure="Tick the rows in the table first.")
        asked = {"rows": numbers, "action": action, "value": value if action in ("relabel", "note") else None}
        await flow.mark(services, project, id, MarkRequest.model_validate(asked))
    except FORESEEN as error:
        return await _page(request, services, project, id, wish, error=_told(error))
    return RedirectResponse(f"{_address(id, wish, start=wish.start)}#rows", 303)


@router.post(f"{BASE}/versions", dependencies=[needs(Scope.AUDIT)])
async def remake(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        made = await flow.remake(services, project, id)
    except FORESEEN as error:
        return await _page(request, services, project, id, _wish(form.get("state")), error=_told(error))
    return RedirectResponse(f"/datasets/{made.id}", 303)


@router.post(f"{BASE}/explain", dependencies=[needs(Scope.AUDIT)])
async def explain(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    wish = _wish(form.get("state"))
    try:
        await flow.explain(services, project, id, wish, count=MOST_EXPLAINED, method="shap")
    except FORESEEN as error:
        return await _page(request, services, project, id, wish, error=_told(error))
    return RedirectResponse(_address(id, wish), 303)


@router.get(f"{BASE}/export/{{ending}}")
async def file(request: Request, id: str, ending: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The selection as a file: its rows, a report, a contract."""
    wish = links.wish_of(dict(request.query_params))
    found = await flow.taken(services, project, id, wish, form=ending, language=language_of(request))
    return attached(found.parts, found.name, found.media, id=id)


def _told(error: Exception) -> FormError:
    """With the cure that the error itself knows: which columns, tags and slices there are."""
    found = error_of(error)
    cure = getattr(error, "cure", "")
    return replace(found, detail=f"{found.detail}. {cure}") if cure else found


def _wish(query: str) -> Wish:
    """Read the query that a form carries; one that is not understood is the whole data set."""
    try:
        return links.wish_of(dict(parse_qsl(query, max_num_fields=30)))
    except (BadRequest, ValueError):
        return Wish()


def _address(id: str, wish: Wish, **changes: Any) -> str:
    query = links.query_of(wish, **changes)
    return f"/datasets/{id}/workbench?{query}" if query else f"/datasets/{id}/workbench"


async def _page(
    request: Request,
    services: Services,
    project: str,
    id: str,
    wish: Wish,
    *,
    error: FormError | None = None,
    typed: str = "",
) -> Response:
    found = await datasets.find(services, project, id)
    job = await datasets.job_of(services, project, found.job)
    under_way = job is not None and job.state not in FINAL
    shown = job if job is not None and job.state != State.DONE else None
    try:
        seen, rows, examples = await flow.whole(services, project, id, wish, limit=PAGE)
    except (Conflict, NotFound) as refused:
        if wish.slice or wish.against or (wish.model and found.runs):
            raise
        wait = WaitPage(dataset=found, job=shown, under_way=under_way, models=_models(services), detail=str(refused))
        return render(request, "workbench/waiting.html", wait, section="datasets", json_twin=f"/v1/datasets/{id}")
    except FORESEEN as refused:
        if error is not None:
            raise
        return await _page(request, services, project, id, Wish(model=wish.model), error=_told(refused))
    page = _context(found, seen, rows, wish, error=error, typed=typed, models=_models(services))
    page = replace(page, examples=_examples(seen.out, examples))
    page = page if shown is None else _with_job(page, shown, under_way)
    query = links.query_of(wish)
    twin = f"/v1/datasets/{id}/workbench" + (f"?{query}" if query else "")
    status = error.status if error else 200
    return render(request, "workbench/page.html", page, section="datasets", json_twin=twin, status=status)


def _models(services: Services) -> list[Any]:
    return [each for each in models.list_models(services) if each.can_be_asked and each.head != "regression"]


def _with_job(page: BenchPage, job: Any, under_way: bool) -> BenchPage:
    return replace(page, job=job, under_way=under_way)


def _context(
    found: DatasetOut,
    seen: Seen,
    rows: BenchRowsOut,
    wish: Wish,
    *,
    error: FormError | None,
    typed: str,
    models: list[Any],
) -> BenchPage:
    bench = seen.out
    at = partial(_address, found.id, wish)
    matrix, columns = browsing.matrix_of(bench.confusion, bench.classes)
    named = {each.key: each.name for each in bench.slices} | {each.key: each.name for each in bench.found}
    costs = drawing.costs(bench.thresholds)
    lengths = drawing.lengths(bench.lengths)
    cost_at = None
    if bench.thresholds is not None and costs is not None:
        chosen, least = bench.thresholds.chosen, bench.thresholds.least
        cost_at = (
            drawing.across(chosen.at), drawing.up(chosen.cost, costs.top),
            drawing.across(least.at), drawing.up(least.cost, costs.top),
        )  # fmt: skip
    return BenchPage(
        dataset=found, job=None, under_way=False, error=error, wish=wish, bench=bench,
        headline=_headline(bench), models=models,
        rows=[Shown(row, drawing.painted(row)) for row in rows.rows], total=rows.total, following=rows.next,
        chips=[Chip(part, at(where=links.without(wish, part))) for part in links.parts_of(wish)],
        slice_name=named.get(wish.slice, ""), typed=typed, matrix=matrix[:MOST_COLUMNS], columns=columns[:MOST_COLUMNS],
        calibration=drawing.calibrated(bench.calibration),
        calibration_whole=drawing.calibrated(bench.calibration_whole),
        histogram=drawing.bars(bench.calibration.bins if bench.calibration else ()),
        costs=costs, cost_at=cost_at, ranking=drawing.ranked(bench.ranking), lengths=lengths,
        whiskers=drawing.whiskers(bench.lengths, lengths) if lengths else (),
        map=drawing.mapped(seen.atlas, bench.clusters, seen.explained),
        here=links.query_of(wish, start=wish.start), has_pdf=paper.may_have_pdf(), examples={}, at=at,
        cell=lambda label, predicted: at(where=_cell(wish, label, predicted)),
        narrow=lambda statement: at(where=links.narrowed(wish, statement)),
    )  # fmt: skip


def _examples(bench: BenchOut, rows: Mapping[int, BenchRow]) -> dict[str, list[Shown]]:
    """Wrong rows of each slice that was found, by its key."""
    return {
        each.key: [
            Shown(rows[number], drawing.painted(rows[number]))
            for number in each.examples[: flow.EXAMPLES]
            if number in rows
        ]
        for each in bench.found
    }


def _headline(bench: BenchOut) -> str:
    """The surest confirmed slice that says more than where the texts lie on the map."""
    confirmed = [each.statement for each in bench.found if each.confirmed]
    speaking = [each for each in confirmed if not (isinstance(only := read(each), Is) and only.field == "cluster")]
    return next(iter((*speaking, *confirmed)), "")


def _cell(wish: Wish, label: str, predicted: str) -> str:
    statement = written(both(Is("label", label), Is("predicted", predicted)))
    return links.narrowed(wish, statement, instead_of=("label", "predicted"))
