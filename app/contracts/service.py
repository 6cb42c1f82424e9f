"""Checks of contracts as somebody asks for them, and their history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from ..datasets import service as datasets
from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..errors import BadRequest, Conflict
from ..jobs import forgetting
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..store import jobs as store_jobs
from ..store.job_states import State
from ..store.tables import Job
from ..web.dependencies import Services
from .contract import Contract, parsed
from .schemas import CheckedOut, CheckJobOut, CheckRequest, ChecksOut

KIND = "check"
JUNIT, HTML = "checks.xml", "failing.html"
FORMS = {"junit": (JUNIT, "application/xml"), "html": (HTML, "text/html; charset=utf-8")}
VERSIONS = 8  # earlier checks that a page shows


async def submit(
    services: Services, project: str, asked: CheckRequest, *, key: str | None = None, priority: int = jobs.MIDDLING
) -> JobOut:
    """Raises NotFound, Conflict (a data set that is not read yet), BadRequest (what the contract needs is missing)."""
    contract = parsed(asked.contract)
    contract.refuse_without(asked.dataset)
    state = await services.engine.ready(asked.model)
    if not state.classifies_texts:
        raise BadRequest(f"{state.id} gives no class of a text", cure="Contracts are for classifiers.")
    for name in _named(contract):
        await services.engine.ready(name)
    cost = 1
    if asked.dataset is not None:
        found = await asyncio.to_thread(datasets.ready, services.store, project, asked.dataset)
        tokens = tokens_of_file(found.bytes, found.rows)
        cost = tokens + _explained(contract) * USUAL_PASSES * tokens // max(1, found.rows)
    title = f"{contract.name} · {state.title}"
    return await jobs.submit(services, project, KIND, asked, title=title, key=key, priority=priority, cost=cost)


def _named(contract: Contract) -> tuple[str, ...]:
    """Further models that the contract names."""
    agreement = contract.agreement
    return () if agreement is None else tuple(name for name in (agreement.baseline, agreement.twin) if name)


def _explained(contract: Contract) -> int:
    """Texts that are explained, over all models."""
    count = len(contract.golden) + sum(words.texts for words in contract.words)
    return count + (0 if contract.agreement is None else 3 * contract.agreement.texts)


async def listing(services: Services, project: str, *, cursor: str | None = None, limit: int = 20) -> ChecksOut:
    found = await jobs.listing(services, project, kind=KIND, cursor=cursor, limit=limit)
    return ChecksOut(checks=found.jobs, next=found.next)


async def find(services: Services, project: str, id: str) -> CheckJobOut:
    """Raises NotFound for what is no check."""
    row = await _row(services, project, id)
    return CheckJobOut(job=jobs.job_out(row), check=await _checked(services, row))


async def request_of(services: Services, project: str, id: str) -> CheckRequest:
    body = await jobs.request_of(services, project, id)
    return CheckRequest.model_validate_json(body or "{}")


async def history(services: Services, project: str, contract: str) -> list[tuple[JobOut, CheckedOut]]:
    """The last checks of contracts of that name, the oldest first."""
    query = partial(store_jobs.holding, project=project, kind=KIND, request="", result='"outcome"')
    found = []
    for row in await services.store.read(query):
        checked = await _checked(services, row)
        if checked is not None and checked.contract == contract:
            found.append((jobs.job_out(row), checked))
    return sorted(found, key=lambda each: each[0].created)[-VERSIONS:]


async def file(services: Services, project: str, id: str, form: str) -> AsyncIterator[bytes]:
    """A file of FORMS. Raises NotFound, Conflict while it is not written."""
    row = await _row(services, project, id)
    if row.state != State.DONE:
        raise Conflict(f"the check is {row.state}: its files are written at its end", cure="Follow /v1/jobs/{id}.")
    return jobs.file(services, project, id, name=FORMS[form][0])


async def delete(services: Services, project: str, id: str) -> None:
    """One that runs is stopped. Raises NotFound."""
    await _row(services, project, id)
    await forgetting.job(services, project, id)


async def _checked(services: Services, row: Job) -> CheckedOut | None:
    body = await jobs.answer_of(services, row)
    return None if body is None else CheckedOut.model_validate_json(body)


async def _row(services: Services, project: str, id: str) -> Job:
    return await jobs.row_of(services, project, id, kind=KIND, called="check of a contract")
