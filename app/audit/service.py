from __future__ import annotations

import json
from collections.abc import AsyncIterator
from functools import partial

from ..datasets import service as datasets
from ..datasets.schemas import DatasetOut
from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..errors import BadRequest, Conflict
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..store import jobs as store_jobs
from ..store.job_states import State
from ..store.tables import Job
from ..web.dependencies import Services
from .data.plan import DEMOS, Functional, Own, Plan, Table, demo_plan, read_plan
from .evidence.painting import Originals
from .review import Review, revised
from .schemas import AuditOut, AuditsOut

KIND = "audit"
FORMS = {  # format → the file of the job, its media type
    "json": ("report.json", "application/json"),
    "html": ("report.html", "text/html; charset=utf-8"),
    "pdf": ("report.pdf", "application/pdf"),
    "md": ("model-card.md", "text/markdown; charset=utf-8"),
    "zip": ("report.zip", "application/zip"),
}
ROWS = "rows.parquet"
TEMPLATE_ROWS, TEMPLATE_TOKENS = 2_000, 12  # of the identity templates, about: what they cost a caller
TOKENS_A_SECOND = 20_000  # that a small model reads on two cores, about: until an audit of the model has been timed
EARLY = "early.json"  # what the predictions say, before anything is explained
ORIGINALS = "originals.json"  # what the report masks, for a page that is asked to show it
DRAWN = ".svg"  # drawings are there with what the predictions say


async def submit(
    services: Services, project: str, plan: Plan, *, key: str | None = None, priority: int = jobs.MIDDLING
) -> JobOut:
    """Submit an audit as a job; refuse a plan known to be wrong. No file of this machine is read for a caller."""
    if getattr(plan.data, "path", None) is not None:
        raise BadRequest(
            "a plan that is sent cannot name a file", cure="Upload a data set and name it in data.dataset."
        )
    rows, tokens = TEMPLATE_ROWS, TEMPLATE_ROWS * TEMPLATE_TOKENS
    if isinstance(plan.data, Own) and plan.data.dataset is not None:
        found = await services.store.answered(partial(datasets.ready, services.store, project, plan.data.dataset))
        rows, tokens = found.rows, tokens_of_file(found.bytes, found.rows)
        if isinstance(plan.data, Functional):
            _has_cases(found)
        else:
            _has_columns(found, plan)
    state = await services.engine.ready(plan.model)
    if state.head == "regression":
        raise BadRequest(f"{plan.model} gives a number, no classes", cure="Audit a classifier.")
    if plan.audited and plan.audited not in state.labels:
        known = ", ".join(state.labels)
        raise BadRequest(f"{plan.model} has no class {plan.audited[:80]!r}; there are {known}")
    title = plan.title or f"{state.title} · {plan.data.kind}"
    cost = tokens + _explained(plan) * USUAL_PASSES * tokens // max(1, rows)
    return await jobs.submit(services, project, KIND, plan, title=title, key=key, priority=priority, cost=cost)


def _explained(plan: Plan) -> int:
    """Texts of both sides of the gaps that are decomposed, by each method."""
    methods = 1 if plan.explain.second is None else 2
    return methods * plan.explain.gaps * 2 * plan.explain.texts


async def seconds(services: Services, project: str, model: str, rows: int, size: int) -> float | None:
    """How long an audit of so many rows and bytes takes, about: as long by the row as the last one of the model, else
    by what its texts cost. None without rows."""
    if not rows:
        return None
    before = await _holding(services, project, request=f'"model":"{model}"')
    for job in reversed(before):
        if job.started and job.finished and job.state == State.DONE and (job.result or {}).get("rows"):
            lasted = (job.finished - job.started).total_seconds()
            return lasted * rows / int((job.result or {})["rows"])
    plan, tokens = demo(), tokens_of_file(size, rows)
    passes = min(USUAL_PASSES, 1 << min(9, tokens // rows))
    return (tokens + _explained(plan) * passes * tokens / rows) / TOKENS_A_SECOND


def _has_cases(dataset: DatasetOut) -> None:
    """Raises BadRequest for a data set that is no functional test as it was read."""
    mapping = dataset.mapping
    if mapping is None or mapping.label is None or "functionality" not in mapping.groups:
        raise BadRequest(
            f"the data set {dataset.name[:80]!r} was not read as a functional test",
            cure="On its page choose test_case as text, label_gold as label, and functionality, target_ident and "
            "templ_id as groups.",
        )


def _has_columns(dataset: DatasetOut, plan: Plan) -> None:
    """Raises BadRequest for columns that the data set was not read with."""
    mapping = dataset.mapping
    assert mapping is not None
    if mapping.label is None and plan.needs_labels:
        raise BadRequest(
            f"the data set {dataset.name[:80]!r} was read without labels. {plan.needs_labels}",
            cure="On its page choose the column of labels, or audit measures that need none.",
        )
    groups = plan.data.groups if isinstance(plan.data, Table) else ()
    if missing := [name for name in groups if name not in mapping.groups]:
        there = ", ".join(mapping.groups) or "none"
        raise BadRequest(
            f"the data set {dataset.name[:80]!r} has no column of groups {missing[0][:80]!r}; there are {there}",
            cure="On its page choose the columns of groups.",
        )


async def review(services: Services, project: str, id: str, asked: Review, *, key: str | None = None) -> JobOut:
    """Another audit, of the same plan with what a reviewer decided. Raises Conflict while there is no report."""
    found = await find(services, project, id)
    if found.content is None or found.sha256 is None:
        raise Conflict(f"the audit is {found.job.state}: there is no report to review", cure="Follow /v1/jobs/{id}.")
    return await submit(services, project, revised(found.content, found.sha256, asked), key=key)


async def around(services: Services, project: str, found: AuditOut) -> tuple[JobOut | None, tuple[JobOut, ...]]:
    """The audit that this one followed after a review, and those that follow it."""
    assert found.content is not None
    follows = found.content["plan"].get("follows")  # an older report has no such word
    before = await _holding(services, project, result=f'"sha256": "{follows}"') if follows else ()
    after = await _holding(services, project, request=f'"follows":"{found.sha256}"') if found.sha256 else ()
    return before[0] if before else None, after


async def _holding(services: Services, project: str, *, request: str = "", result: str = "") -> tuple[JobOut, ...]:
    query = partial(store_jobs.holding, project=project, kind=KIND, request=request, result=result)
    found = await services.store.read(query)
    return tuple(map(jobs.job_out, found))


def demo(name: str = "demo") -> Plan:
    """An audit that is one click away. Raises BadRequest for a name that is none of DEMOS."""
    if name not in DEMOS:
        raise BadRequest(f"no audit is called {name[:80]!r}; there are {', '.join(DEMOS)}")
    return read_plan(demo_plan(name))


async def listing(services: Services, project: str, *, cursor: str | None = None, limit: int = 20) -> AuditsOut:
    found = await jobs.listing(services, project, kind=KIND, cursor=cursor, limit=limit)
    return AuditsOut(audits=found.jobs, next=found.next)


async def find(services: Services, project: str, id: str) -> AuditOut:
    """Raises NotFound for what is no audit."""
    row = await _row(services, project, id)
    job = jobs.job_out(row)
    if row.state != State.DONE:
        early = await _read(services, project, id, EARLY)
        return AuditOut(job=job, content=json.loads(early) if early else None)
    report = json.loads(await _read(services, project, id, "report.json"))
    return AuditOut(job=job, sha256=report["sha256"], content=report["content"], run=report["run"])


async def delete(services: Services, project: str, id: str) -> None:
    """One that runs is stopped; audits that followed it after a review stay. Raises NotFound."""
    await _row(services, project, id)
    await forgetting.job(services, project, id)


async def originals(services: Services, project: str, id: str) -> Originals:
    """The words and texts that the report masks; none while it is made."""
    await _row(services, project, id)
    found = await _read(services, project, id, ORIGINALS)
    return json.loads(found) if found else {"texts": {}, "words": {}}


async def file(services: Services, project: str, id: str, name: str) -> AsyncIterator[bytes]:
    """A file of the report. Raises NotFound, Conflict while it is not written."""
    row = await _row(services, project, id)
    if row.state != State.DONE and not name.endswith(DRAWN):
        raise Conflict(f"the audit is {row.state}: its report is written at its end", cure="Follow /v1/jobs/{id}.")
    await jobs.file_size(services, project, id, name=name)
    return jobs.file(services, project, id, name=name)


async def _row(services: Services, project: str, id: str) -> Job:
    return await jobs.row_of(services, project, id, kind=KIND, called="audit")


async def _read(services: Services, project: str, id: str, name: str) -> bytes:
    return b"".join([part async for part in jobs.file(services, project, id, name=name)])
