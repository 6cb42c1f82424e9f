from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError

from ..errors import BadRequest
from ..jobs import forgetting
from ..jobs.api import accepted
from ..jobs.schemas import JobOut
from ..scopes import Scope
from ..store.files import underway
from ..web.dependencies import ProjectDep, Services, ServicesDep, needs
from ..web.responses import ASKING, READING, WRITING, as_json, attached, errors, negotiate
from . import flow, service
from .browsing import export
from .browsing.browse import MOST_ROWS, Badge, Filters, Sort
from .multipart import Sent, receive_form
from .reading.labels import declared
from .reading.schemas import MOST_CLASSES, Form, Mapping
from .requests import PredictRequest
from .schemas import DatasetOut, DatasetsOut, RowsOut, SummaryOut
from .uploads import receive

router = APIRouter(prefix="/v1/datasets", tags=["datasets"], dependencies=[needs(Scope.READ)])
CSV_EXAMPLE = "text,label\na gorgeous film,positive\nIt never recovers.,negative\n"
FILE = {"type": "string", "format": "binary"}
FORM = {
    "type": "object",
    "required": ["file"],
    "description": "The file, and the parameters of the query as fields.",
    "properties": {"file": FILE},
}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {}, "examples": {"reviews": {"value": CSV_EXAMPLE}}},
            "application/octet-stream": {"schema": {}},
            "multipart/form-data": {"schema": FORM},
        },
    }
}
PREDICT = {"all rows": {"value": {"model": "sentiment", "explain": 100}}}
Column = Annotated[str | None, Query(min_length=1, max_length=200, description="Its name in the first line.")]
MEDIA: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": FILE} for media in export.MEDIA.values()}}
}


def _filters(
    model: Annotated[str | None, Query(max_length=200, description="Whose predictions; by default the last.")] = None,
    label: Annotated[str | None, Query(max_length=200)] = None,
    predicted: Annotated[str | None, Query(max_length=200)] = None,
    right: Annotated[bool | None, Query(description="Whether the prediction is the label.")] = None,
    badge: Annotated[Badge | None, Query(description="Of the row's explanation.")] = None,
    group: Annotated[list[str] | None, Query(max_length=8, description="`column:value`, may be repeated.")] = None,
    low: Annotated[float | None, Query(ge=0, le=1, description="Probability at least.")] = None,
    high: Annotated[float | None, Query(ge=0, le=1, description="Probability at most.")] = None,
    search: Annotated[str | None, Query(min_length=1, max_length=500, description="In the texts.")] = None,
    sort: Annotated[Sort, Query(description="badge: the worst first. A search goes by number.")] = "number",
) -> Filters:
    groups = {}
    for each in group or ():
        column, colon, value = each.rpartition(":")
        if not colon:
            raise BadRequest(f"the group {each[:80]!r} has no value", cure="Write column:value.")
        groups[column] = value
    for name, number in (("low", low), ("high", high)):
        if number is not None and not math.isfinite(number):
            raise BadRequest(f"{name} is no number", cure="Give a number from 0 to 1.")
    return Filters(
        model=model, label=label, predicted=predicted, right=right, badge=badge, groups=groups, low=low, high=high,
        search=None if search is None else search.replace("\x00", ""), sort=sort,
    )  # fmt: skip


FiltersDep = Annotated[Filters, Depends(_filters)]


@router.post(
    "",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=DatasetOut,
    responses=errors(*WRITING),
    openapi_extra=BODY,
    summary="Send a file; the job runner reads it",
)
async def create_dataset(
    request: Request,
    services: ServicesDep,
    project: ProjectDep,
    name: Annotated[str | None, Query(max_length=200, description="What it is called; by default the file's.")] = None,
    format: Annotated[Form | None, Query(description="By default recognised by the first bytes or the name.")] = None,
    text: Column = None,
    text_pair: Column = None,
    label: Column = None,
    id: Column = None,
    groups: Annotated[tuple[str, ...], Query(max_length=8)] = (),
    classes: Annotated[
        tuple[str, ...], Query(max_length=MOST_CLASSES, description="`label=class`: which class a label means.")
    ] = (),
) -> Response:
    asked: dict[str, Any] = {"text": text, "text_pair": text_pair, "label": label, "id": id, "groups": groups}
    asked["classes"] = classes
    with underway.file(services.scratch) as file:
        limit = services.settings.upload_limit
        kind = request.headers.get("content-type", "")
        if kind.lower().startswith("multipart/form-data"):
            sent = await receive_form(request.stream(), kind, file, limit=limit)
            asked = {key: sent.get(key) or asked[key] for key in ("text", "text_pair", "label", "id")} | {
                name: sent.fields.get(name, asked[name]) for name in ("groups", "classes")
            }
        else:
            sent = Sent(filename=name or "", upload=await receive(request.stream(), file, limit=limit))
        made = await flow.keep(
            services, project, sent.upload, name=name or sent.get("name") or sent.filename,
            form=format or _format(sent.get("format")), mapping=_mapping(asked),
        )  # fmt: skip
    return as_json(made, status=202, headers={"Location": f"/v1/datasets/{made.id}", "Retry-After": "1"})


@router.get("", response_model=DatasetsOut, responses=errors(*READING, 422), summary="The data sets, newest first")
async def list_datasets(
    services: ServicesDep,
    project: ProjectDep,
    cursor: Annotated[str | None, Query(max_length=60, description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=service.MOST_DATASETS)] = 20,
) -> Response:
    return as_json(await flow.listing(services, project, cursor=cursor, limit=limit))


@router.get(
    "/{id}",
    response_model=DatasetOut,
    responses=errors(*READING, 404),
    summary="What was read, and what could not be read",
)
async def get_dataset(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    return as_json(await flow.find(services, project, id))


@router.delete(
    "/{id}",
    dependencies=[needs(Scope.AUDIT)],
    status_code=204,
    responses=errors(*READING, 403, 404),
    summary="Delete a data set with its file, its rows and what is said of them",
)
async def delete_dataset(services: ServicesDep, project: ProjectDep, id: str) -> Response:
    await forgetting.dataset(services, project, id)
    return Response(status_code=204)


@router.post(
    "/{id}/predictions",
    dependencies=[needs(Scope.AUDIT)],
    status_code=202,
    response_model=JobOut,
    responses=errors(*ASKING, 404, 409),
    summary="Ask a model about every row, and explain a sample",
)
async def predict_dataset(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    body: Annotated[PredictRequest, Body(openapi_examples=PREDICT)],
) -> Response:
    return accepted(await flow.predict(services, project, id, body))


@router.get(
    "/{id}/rows",
    response_model=RowsOut,
    responses=errors(*READING, 404, 422),
    summary="Rows that filters choose, page by page",
)
async def list_rows(
    services: ServicesDep,
    project: ProjectDep,
    id: str,
    filters: FiltersDep,
    cursor: Annotated[str | None, Query(max_length=60, description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
) -> Response:
    return as_json(await flow.rows(services, project, id, filters, cursor=cursor, limit=limit))


@router.get(
    "/{id}/summary",
    response_model=SummaryOut,
    responses=errors(*READING, 404, 422),
    summary="Confusion matrix and word table of a model over a data set",
)
async def get_summary(services: ServicesDep, project: ProjectDep, id: str, filters: FiltersDep) -> Response:
    return as_json(await flow.summary(services, project, id, filters))


@router.get(
    "/{id}/export",
    response_class=Response,
    responses=MEDIA | errors(*READING, 404, 406, 422, 429),
    summary="All rows that filters choose: JSON lines, CSV or Parquet by Accept",
)
async def export_rows(
    request: Request, services: ServicesDep, project: ProjectDep, id: str, filters: FiltersDep
) -> Response:
    media = negotiate(request, tuple(export.MEDIA.values()))
    return await download(services, project, id, filters, media=media)


async def download(services: Services, project: str, id: str, filters: Filters, *, media: str) -> Response:
    """A file with the chosen rows, written while it is sent."""
    found = await flow.find(services, project, id)
    ending = next(ending for ending, each in export.MEDIA.items() if each == media)
    body = await flow.exported(services, project, id, filters, ending=ending)
    return attached(body, f"dataset.{ending}", media, id=found.id)


def _format(given: str | None) -> Form | None:
    known: dict[str, Form] = {"csv": "csv", "jsonl": "jsonl", "parquet": "parquet"}
    if given is not None and given not in known:
        raise BadRequest(f"the format {given[:20]!r} is not known", cure="Send csv, jsonl or parquet, or nothing.")
    return None if given is None else known[given]


def _mapping(asked: dict[str, Any]) -> Mapping | None:
    """None where nothing was asked. Raises BadRequest where columns are named, but not that of the text."""
    if not any(asked.values()):
        return None
    try:
        given = {name: value for name, value in asked.items() if value}
        return Mapping.model_validate(given | {"classes": declared(asked["classes"])})
    except ValidationError as error:
        raise BadRequest(
            f"{error.errors()[0]['loc'][0]}: {error.errors()[0]['msg']}", cure="Name `text` too."
        ) from None
