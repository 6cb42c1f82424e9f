from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from ..datasets import service as datasets
from ..engine.demand.costs import USUAL_PASSES, tokens_of, tokens_of_file
from ..errors import Conflict
from ..explain.ask.questions import explainer_of, question_of
from ..jobs import forgetting
from ..jobs import service as jobs_service
from ..jobs.schemas import JobOut
from ..schemas import TextInput
from ..store import jobs
from ..store.job_states import State
from ..store.tables import Job
from ..web.dependencies import Services
from . import rows
from .schemas import BatchRequest

KIND = "batch"
JSONL, CSV, PARQUET = "application/x-ndjson", "text/csv", "application/vnd.apache.parquet"
FORMS = (JSONL, CSV, PARQUET)
PARQUET_FILE = "results.parquet"


async def submit(
    services: Services,
    project: str,
    request: BatchRequest,
    *,
    key: str | None = None,
    priority: int = jobs_service.MIDDLING,
) -> JobOut:
    """A job that answers every input. What can be known to be wrong is refused here, and not an hour later."""
    state = await services.engine.ready(request.model)
    tokens = sum(tokens_of(each.text, each.text_pair) for each in request.inputs or ())
    if request.dataset is not None:
        found = await services.store.answered(partial(datasets.ready, services.store, project, request.dataset))
        tokens = tokens_of_file(found.bytes, found.rows)
    if request.method is not None:
        asked = request.asked(request.inputs[0] if request.inputs else TextInput(text="any"))
        explainer_of(asked.method, asked.options, state)
        question_of(asked, state)
    title = " · ".join(part for part in (request.model, request.method) if part)
    cost = tokens * (1 if request.method is None else request.budget or USUAL_PASSES)
    return await jobs_service.submit(
        services, project, KIND, request, title=title, key=key, priority=priority, cost=cost
    )


async def job_of(services: Services, project: str, id: str) -> Job:
    """Raises NotFound for what is no batch."""
    return await jobs_service.row_of(services, project, id, kind=KIND, called="batch")


async def delete(services: Services, project: str, id: str) -> None:
    """One that runs is stopped. Raises NotFound."""
    await job_of(services, project, id)
    await forgetting.job(services, project, id)


async def results(services: Services, project: str, id: str, form: str) -> AsyncIterator[bytes]:
    """The rows that are stored, in order, in one of FORMS. Raises NotFound, Conflict."""
    job = await job_of(services, project, id)
    if form == PARQUET:
        if job.state != State.DONE:
            raise Conflict(f"the batch is {job.state}: the Parquet file is written at its end", cure=f"Take {JSONL}.")
        return jobs_service.file(services, project, id, name=PARQUET_FILE)
    return _streamed(services, id, form)


async def _streamed(services: Services, id: str, form: str) -> AsyncIterator[bytes]:
    if form == CSV:
        yield rows.csv_head()
    for shard in sorted(await services.store.read(partial(jobs.shards_done, job=id))):
        body = await services.store.read(partial(jobs.shard_body, job=id, shard=shard))
        if body is not None:
            yield rows.lines(body) if form == JSONL else rows.csv_lines(body)
