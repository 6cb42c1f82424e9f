"""Steps that pages and routes share for data sets: take a file, have it read, have a model asked, let it go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread

from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..engine.schemas import ModelOut
from ..errors import BadRequest, Conflict, NotFound
from ..explain.ask.questions import explainer_of
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.room import refuse_without_room
from ..jobs.schemas import JobOut
from ..store import holders
from ..store.datasets import rows as datasets
from ..store.datasets.facts import Stratum
from ..store.files import underway
from ..store.job_states import RETRIED
from ..web.dependencies import Services
from . import service
from .browsing import browse, export
from .browsing import trail as trails
from .browsing.browse import Filters
from .browsing.links import query_of
from .browsing.trail import Trail
from .demo import DEMO, DEMO_MAPPING, DEMO_NAME
from .reading.parsing import form_of
from .reading.schemas import Form, Mapping
from .requests import DatasetJob, PredictRequest
from .schemas import DatasetOut, DatasetsOut, RowsOut, SummaryOut
from .service import DataRow
from .uploads import Upload, upload_of

T = TypeVar("T")
KIND = "dataset"


async def keep(
    services: Services,
    project: str,
    upload: Upload | None,
    *,
    name: str,
    form: Form | None,
    mapping: Mapping | None,
    model: str | None = None,
) -> DatasetOut:
    """The data set of a file that was sent, and the job that reads it and has a model predict its rows, where one is
    named. Sent again it is the same. Raises BadRequest, also for a model that cannot be asked."""
    if upload is None or not upload.size:
        raise BadRequest("no file was sent, or it is empty", cure="Choose a CSV, JSONL or Parquet file.")
    await refuse_without_room(services, project, size=upload.size)
    if model:
        _refuse_values(await services.engine.ready(model))
    seen = await _in_thread(form_of, upload.path, name) if form is None else form
    add = partial(service.add, services.store, project, upload, name=name, form=seen, mapping=mapping)
    return await _read_by_a_job(services, project, await _in_thread(add), model=model)


async def keep_demo(services: Services, project: str, *, model: str | None = None) -> DatasetOut:
    """The data set that comes with Whence, and what a model predicts of it."""
    with underway.file(services.scratch) as file:
        await _in_thread(Path(file.name).write_bytes, DEMO.read_bytes())
        upload = await _in_thread(partial(upload_of, limit=services.settings.upload_limit), Path(file.name))
        return await keep(services, project, upload, name=DEMO_NAME, form="csv", mapping=DEMO_MAPPING, model=model)


async def remap(services: Services, project: str, id: str, mapping: Mapping) -> DatasetOut:
    """Read a file in another way, as a data set of its own. One that could not be read makes room for it."""
    before = await find(services, project, id)
    add = partial(service.add_again, services.store, project, before, mapping=mapping)
    made = await _read_by_a_job(services, project, await _in_thread(add))
    if before.status == "failed" and made.id != id:
        await forgetting.dataset(services, project, id)
    return made


async def predict(
    services: Services, project: str, id: str, asked: PredictRequest, filters: Filters | None = None
) -> JobOut:
    """A job that asks a model about every row. filters: those of the page, for `which` chosen. Raises BadRequest for a
    regression, Conflict before the file is read."""
    found = await find(services, project, id)
    state = await services.engine.ready(asked.model)
    _refuse_values(state)
    if found.status != "ready":
        raise Conflict(f"the data set is {found.status}", cure="Wait until its file is read.")
    if asked.explain:
        explainer_of(asked.method, {}, state)
    numbers: tuple[int, ...] = ()
    if asked.explain and asked.which == "chosen":
        if filters is None:
            raise BadRequest("which: chosen goes by the filters of a page", cure="Ask for errors, or for a sample.")
        numbers = await _in_thread(browse.numbers, services.store, project, id, filters, asked.explain)
    request = DatasetJob(step="predict", dataset=id, rows=found.rows, chosen=numbers, **asked.model_dump())
    tokens = tokens_of_file(found.bytes, found.rows)
    explained = tokens * min(asked.explain, found.rows) // max(1, found.rows)
    job = await jobs.submit(
        services, project, KIND, request, title=f"{asked.model} · {found.name}"[:200],
        cost=tokens + USUAL_PASSES * explained,
    )  # fmt: skip
    serial, _ = await services.store.read(partial(service.identity, project=project, id=id))
    await services.store.write(partial(datasets.change, serial=serial, job=job.id))
    return job


def _refuse_values(state: ModelOut) -> None:
    """Raises BadRequest for a model without classes."""
    if state.head == "regression":
        raise BadRequest(
            f"{state.id} says values and no classes, which the page of a data set compares with labels",
            cure="Choose a classifier; the values of every row come from POST /v1/batches with this data set.",
        )


async def find(services: Services, project: str, id: str) -> DatasetOut:
    return await services.store.answered(partial(service.find, services.store, project, id))


async def listing(services: Services, project: str, *, cursor: str | None = None, limit: int = 20) -> DatasetsOut:
    return await services.store.answered(partial(service.listing, services.store, project, cursor=cursor, limit=limit))


async def rows(
    services: Services, project: str, id: str, filters: Filters, *, cursor: str | None = None, limit: int = 50
) -> RowsOut:
    return await services.store.answered(
        partial(browse.page, services.store, project, id, filters, cursor=cursor, limit=limit)
    )


async def row(services: Services, project: str, id: str, number: int) -> DataRow:
    """Raises NotFound."""
    found: tuple[DataRow, ...] = ()
    if 0 <= number < 1 << 31:
        found = await services.store.answered(partial(service.rows, services.store, project, id, number, number + 1))
    if not found:
        raise NotFound(f"the data set has no row {number}")
    return found[0]


async def summary(services: Services, project: str, id: str, filters: Filters) -> SummaryOut:
    return await services.store.answered(partial(browse.summary, services.store, project, id, filters))


async def trail(services: Services, project: str, id: str, number: int, filters: Filters) -> Trail:
    """A row with its neighbours among those that filters choose. Raises NotFound."""
    if not 0 <= number < 1 << 31:
        raise NotFound(f"the data set has no row {number}")
    read = partial(trails.trail, services.store, project, id, number, filters, query=query_of(filters))
    return await _in_thread(read)


async def strata(services: Services, project: str, id: str, model: str) -> tuple[Stratum, ...]:
    """How many rows are alike, see `browse.strata`. Raises NotFound."""
    return await _in_thread(browse.strata, services.store, project, id, model)


async def exported(services: Services, project: str, id: str, filters: Filters, *, ending: str) -> AsyncIterator[bytes]:
    """The rows of a file, in pieces. Raises NotFound, EngineBusy while another Parquet file is written."""
    export.refuse_while_busy(ending)
    await rows(services, project, id, filters, limit=1)
    found = browse.every(services.store, project, id, filters)
    return export.WRITERS[ending](found)


async def holder(services: Services, project: str, id: str) -> str:
    """For whom the explanations of its rows are kept. Raises NotFound."""
    serial, _ = await services.store.read(partial(service.identity, project=project, id=id))
    return holders.of_dataset(serial)


async def job_of(services: Services, project: str, id: str | None) -> JobOut | None:
    """The job that reads a data set or predicts it, if it is still known."""
    try:
        return None if id is None else await jobs.get(services, project, id)
    except NotFound:
        return None


async def _read_by_a_job(services: Services, project: str, made: DatasetOut, *, model: str | None = None) -> DatasetOut:
    serial, created = await services.store.read(partial(service.identity, project=project, id=made.id))
    request = DatasetJob(step="import", dataset=made.id, created=created, model=model)
    cost = 0 if model is None else tokens_of_file(made.bytes, 0)
    key = f"{made.id}-{created}" + (f"-{model}" if model else "")
    job = await jobs.submit(services, project, KIND, request, title=made.name, key=key, cost=cost)
    if job.state in RETRIED:  # the file is sent again
        job = await jobs.retry(services, project, job.id)
    await services.store.write(partial(datasets.change, serial=serial, job=job.id))
    return await find(services, project, made.id)


async def _in_thread(function: Callable[..., T], *given: Any) -> T:
    return await anyio.to_thread.run_sync(partial(function, *given))
