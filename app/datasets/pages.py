"""Data sets: the list with its form, one data set with its table, and what can be done to it."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from ..errors import BadRequest, NotFound
from ..explain import pages as explanations
from ..explain.ask import arriving
from ..explain.ask.schemas import PanelRequest
from ..jobs import forgetting
from ..models import service as models
from ..schemas import TextInput
from ..scopes import Scope
from ..store.files import underway
from ..store.job_states import FINAL, State
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.forms import FORESEEN, Form, FormError, error_of, form_of
from ..web.rendering import TRAIL, render
from ..web.responses import prefer_wait
from . import flow
from .api import download
from .browsing import contexts, export
from .browsing.browse import Filters
from .browsing.contexts import DatasetPage, ListPage, RowPage
from .browsing.links import filters_of, filters_of_query, query_of
from .multipart import receive_form
from .reading.labels import declared
from .reading.schemas import Mapping
from .requests import MOST_EXPLAINED, PredictRequest

router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
LONGEST_SEARCH = 500


@router.get("/datasets")
async def datasets(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    return await _list(request, services, project, cursor=request.query_params.get("cursor") or None)


@router.post("/datasets", dependencies=[needs(Scope.AUDIT)])
async def send(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    """A file from a form: 303 to the data set, which a job reads."""
    try:
        with underway.file(services.scratch) as file:
            kind = request.headers.get("content-type", "")
            sent = await receive_form(request.stream(), kind, file, limit=services.settings.upload_limit)
            made = await flow.keep(
                services, project, sent.upload, name=sent.get("name") or sent.filename, form=None, mapping=None,
                model=sent.get("model"),
            )  # fmt: skip
    except FORESEEN as error:
        return await _list(request, services, project, error=error_of(error))
    return RedirectResponse(f"/datasets/{made.id}", 303)


@router.post("/datasets/demo", dependencies=[needs(Scope.AUDIT)])
async def demo(request: Request, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    try:
        made = await flow.keep_demo(services, project, model=form.optional("model"))
    except FORESEEN as error:
        return await _list(request, services, project, error=error_of(error))
    return RedirectResponse(f"/datasets/{made.id}", 303)


@router.get("/datasets/{id}")
async def one(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    params = request.query_params
    filters = filters_of({name: params.getlist(name) for name in params})
    return await _page(request, services, project, id, filters, cursor=params.get("cursor") or None)


@router.get("/datasets/{id}/search")
@router.get("/datasets/{id}/predict")
@router.get("/datasets/{id}/columns")
async def back(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The address that a form left in the address bar."""
    found = await flow.find(services, project, id)
    return RedirectResponse(f"/datasets/{found.id}", 303)


@router.post("/datasets/{id}/search")
async def search(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """The filters come as they stand in an address; the words do not, so they are posted."""
    form = await form_of(request)
    wanted = form.get("search").replace("\x00", "").strip()[:LONGEST_SEARCH]
    filters = filters_of_query(form.get("state"))
    if not wanted:
        found = await flow.find(services, project, id)
        return RedirectResponse(f"/datasets/{found.id}?{query_of(filters)}", 303)
    filters = filters.model_copy(update={"search": wanted})
    return await _page(request, services, project, id, filters, cursor=form.optional("cursor"))


@router.post("/datasets/{id}/columns", dependencies=[needs(Scope.AUDIT)])
async def columns(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    """Read the file with other columns, as a data set of its own."""
    form = await form_of(request)
    try:
        made = await flow.remap(services, project, id, _mapping(form))
    except FORESEEN as error:
        return await _page(request, services, project, id, Filters(), error=error_of(error))
    return RedirectResponse(f"/datasets/{made.id}", 303)


@router.post("/datasets/{id}/predict", dependencies=[needs(Scope.AUDIT)])
async def predict(request: Request, id: str, services: ServicesDep, project: ProjectDep) -> Response:
    form = await form_of(request)
    count = form.get("explain", "0")
    try:
        explained = min(int(count), MOST_EXPLAINED) if count.isascii() and count.isdecimal() and len(count) < 9 else 0
        asked = {"model": form.get("model"), "explain": explained, "which": form.get("which", "sample")}
        filters = filters_of_query(form.get("state"))
        await flow.predict(services, project, id, PredictRequest.model_validate(asked), filters)
    except FORESEEN as error:
        return await _page(request, services, project, id, Filters(), error=error_of(error))
    return RedirectResponse(f"/datasets/{id}/workbench?model={quote(form.get('model'), safe='')}", 303)


@router.post("/datasets/{id}/delete", dependencies=[needs(Scope.AUDIT)])
async def delete(id: str, services: ServicesDep, project: ProjectDep) -> Response:
    await forgetting.dataset(services, project, id)
    return RedirectResponse("/datasets", 303)


@router.post("/datasets/{id}/rows/{number}/explain", dependencies=[needs(Scope.EXPLAIN)])
async def explain(request: Request, id: str, number: int, services: ServicesDep, project: ProjectDep) -> Response:
    """All methods for the text of a row: posted, because a text is never part of an address."""
    form = await form_of(request)
    row = await flow.row(services, project, id, number)
    try:
        asked = PanelRequest(model=form.get("model"), input=TextInput(text=row.text, text_pair=row.text_pair))
        holder = await flow.holder(services, project, id)
        begun = await arriving.begin(services, asked, project, holder=holder, wait=prefer_wait(request))
    except FORESEEN as error:
        return await _page(request, services, project, id, Filters(), error=error_of(error))
    return RedirectResponse(along(id, number, form.get("state"), begun.address), 303)


@router.get("/datasets/{id}/rows/{number}")
async def row(request: Request, id: str, number: int, services: ServicesDep, project: ProjectDep) -> Response:
    """The explanation of a row, with its label, the rows beside it and the way back. Without one, its text."""
    params = request.query_params
    filters = filters_of({name: params.getlist(name) for name in params})
    found = await flow.trail(services, project, id, number, filters)
    request.scope[TRAIL] = found
    kind, _, key = params.get("shown", "").partition("/")
    if not key and found.row.explanation:
        kind, key = "explanations", found.row.explanation
    if key:
        if kind not in ("panels", "explanations"):
            raise BadRequest(f"shown: {kind[:40]!r} is no kind of explanation", cure="Start from the data set's page.")
        return await explanations.there_or_arriving(request, services, project, key, kind)
    names = [each for each in models.list_models(services) if each.can_be_asked and each.head != "regression"]
    return render(request, "datasets/row.html", RowPage(trail=found, models=names), section="datasets")


def along(id: str, number: int, state: str, shown: str) -> str:
    """The address of a row's explanation among the rows that the filters of `state` choose. shown: its own address."""
    query = query_of(filters_of_query(state))
    return f"/datasets/{id}/rows/{number}?{query}{'&' if query else ''}shown={shown.removeprefix('/')}"


@router.get("/datasets/{id}/export/{ending}")
async def file(request: Request, id: str, ending: str, services: ServicesDep, project: ProjectDep) -> Response:
    if ending not in export.MEDIA:
        raise NotFound(f"rows are not written as {ending[:20]!r}; there are: {', '.join(export.MEDIA)}")
    params = request.query_params
    filters = filters_of({name: params.getlist(name) for name in params})
    return await download(services, project, id, filters, media=export.MEDIA[ending])


async def _list(
    request: Request, services: Services, project: str, *, cursor: str | None = None, error: FormError | None = None
) -> Response:
    found = await flow.listing(services, project, cursor=cursor)
    megabytes = services.settings.upload_limit >> 20
    page = ListPage(datasets=found.datasets, next=found.next, error=error, megabytes=megabytes)
    status = error.status if error else 200
    return render(request, "datasets/list.html", page, section="datasets", json_twin="/v1/datasets", status=status)


async def _page(
    request: Request,
    services: Services,
    project: str,
    id: str,
    filters: Filters,
    *,
    cursor: str | None = None,
    error: FormError | None = None,
) -> Response:
    found = await flow.find(services, project, id)
    job = await flow.job_of(services, project, found.job)
    rows = summary = None
    if found.status == "ready":
        rows = await flow.rows(services, project, id, filters, cursor=cursor)
        summary = await flow.summary(services, project, id, filters)
    model = summary.model if summary else ""
    run = next((each for each in found.runs if each.model == model), None)
    matrix, shown = contexts.matrix_of(summary.confusion if summary else (), run.labels if run else ())
    page = DatasetPage(
        dataset=found,
        job=job if job is not None and job.state != State.DONE else None,
        under_way=job is not None and job.state not in FINAL,
        models=[each for each in models.judging_models(services) if each.can_be_asked and each.head != "regression"],
        model=model,
        predicting=run.done if run is not None and run.done < found.rows else None,
        filters=filters,
        search=filters.search or "",
        rows=rows,
        paged=cursor is not None,
        labels=summary.labels if summary else (),
        classes=summary.classes if summary else (),
        summary=summary,
        matrix=matrix,
        columns=shown,
        words=contexts.words_of(summary.words if summary else ()),
        wrong=contexts.wrong_rows(found.bad_rows_listed),
        notes=contexts.notes_of(found.notes) + contexts.matching_of(run),
        choices=contexts.choices_of(found),
        error=error,
        at=partial(_address, id, filters),
        query=partial(query_of, filters),
    )
    twin = f"/v1/datasets/{id}"
    status = error.status if error else 200
    return render(request, "datasets/dataset.html", page, section="datasets", json_twin=twin, status=status)


def _address(id: str, filters: Filters, **changes: Any) -> str:
    query = query_of(filters, **changes)
    return f"/datasets/{id}?{query}" if query else f"/datasets/{id}"


def _mapping(form: Form) -> Mapping:
    chosen: dict[str, Any] = {name: form.get(name) for name in ("text", "text_pair", "label", "id") if form.get(name)}
    groups = [value for name, value in form.values.items() if name.startswith("group-")]
    return Mapping.model_validate(chosen | {"groups": groups, "classes": declared([form.get("classes")])})
