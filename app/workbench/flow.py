"""The use cases of routes and pages: views, slices, marks, a new version of a data set, explanations of a selection."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import anyio.to_thread
import numpy as np

from ..datasets import flow as datasets
from ..datasets import service as stored_datasets
from ..datasets.browsing import export
from ..datasets.reading.schemas import Mapping
from ..datasets.requests import DatasetJob
from ..datasets.schemas import DatasetOut
from ..datasets.uploads import upload_of
from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..errors import BadRequest, Conflict, NotFound
from ..explain.ask.questions import explainer_of
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..store.datasets import rows as dataset_rows
from ..store.files import underway
from ..web import paper
from ..web.dependencies import Services
from . import rows, service
from .schemas import (
    MOST_EXPLAINED,
    BenchOut,
    BenchRow,
    BenchRowsOut,
    MarkRequest,
    MarksOut,
    SliceOut,
    SliceRequest,
    Wish,
)
from .taking import contract, report
from .views import Seen

T = TypeVar("T")
EXAMPLES = 3  # rows of a slice
TAKEN = (*export.WRITERS, "html", "pdf", "contract")


@dataclass(frozen=True, slots=True)
class Taken:
    """A file to save."""

    parts: AsyncIterable[bytes] | Iterable[bytes]
    name: str
    media: str


async def view(services: Services, project: str, id: str, wish: Wish) -> BenchOut:
    return await in_thread(service.view, services.store, project, id, wish)


async def whole(
    services: Services, project: str, id: str, wish: Wish, *, limit: int
) -> tuple[Seen, BenchRowsOut, dict[int, BenchRow]]:
    """Every view with the map, the first rows, and some wrong rows of each slice that was found: of the half that the
    search did not see. Raises NotFound, Conflict, BadRequest."""
    return await in_thread(partial(rows.view, services.store, project, id, wish, limit=limit, examples=EXAMPLES))


async def page(services: Services, project: str, id: str, wish: Wish, *, limit: int) -> BenchRowsOut:
    return await in_thread(partial(rows.page, services.store, project, id, wish, limit=limit))


async def slices(services: Services, project: str, id: str, model: str) -> tuple[SliceOut, ...]:
    return await in_thread(service.listed, services.store, project, id, model)


async def save(services: Services, project: str, id: str, asked: SliceRequest) -> SliceOut:
    return await in_thread(partial(service.save, services.store, project, id, asked, who=services.caller))


async def delete(services: Services, project: str, id: str, key: str) -> None:
    await in_thread(service.delete, services.store, project, id, key)


async def mark(services: Services, project: str, id: str, asked: MarkRequest) -> MarksOut:
    return await in_thread(partial(rows.mark, services.store, project, id, asked, who=services.caller))


async def marks(services: Services, project: str, id: str) -> MarksOut:
    return await in_thread(rows.marks, services.store, project, id)


async def remake(services: Services, project: str, id: str) -> DatasetOut:
    """A data set with what was decided of the rows, which a job reads; it remembers the one that it was made of.
    Raises NotFound, and Conflict where nothing was decided."""
    before = await datasets.find(services, project, id)
    decided = await marks(services, project, id)
    changes = [each for each in decided.marks if each.action in ("relabel", "drop")]
    if not changes:
        raise Conflict("no row is marked to be relabelled or dropped", cure="Mark rows first.")
    with underway.file(services.scratch) as file:
        await in_thread(_write, file.name, rows.remade(services.store, project, id))
        upload = await in_thread(partial(upload_of, limit=services.settings.upload_limit), Path(file.name))
        made = await datasets.keep(
            services, project, upload, name=f"{before.name} ({len(changes)} changed)", form="jsonl",
            mapping=_mapping(before),
        )  # fmt: skip
    serial, _ = await services.store.read(partial(stored_datasets.identity, project=project, id=made.id))
    await services.store.write(partial(dataset_rows.change, serial=serial, origin=id))
    return made


async def explain(services: Services, project: str, id: str, wish: Wish, *, count: int, method: str) -> JobOut:
    """A job that explains rows of a selection, a sample where it is larger. Raises BadRequest, NotFound, Conflict."""
    found = await datasets.find(services, project, id)
    out = await view(services, project, id, wish)
    state = await services.engine.ready(out.model)
    explainer_of(method, {}, state)
    chosen = await in_thread(rows.numbers, services.store, project, id, wish)
    if not len(chosen):
        raise BadRequest("the selection has no row", cure="Take away a condition.")
    count = min(count, MOST_EXPLAINED, len(chosen))
    drawn = np.sort(np.random.default_rng(0).choice(chosen, count, replace=False))
    asked = DatasetJob(
        step="explain", dataset=id, rows=found.rows, model=out.model, method=method, chosen=tuple(drawn.tolist())
    )
    tokens = tokens_of_file(found.bytes, found.rows) * count // max(1, found.rows)
    job = await jobs.submit(
        services, project, datasets.KIND, asked, title=f"{out.model} · {found.name}"[:200], cost=USUAL_PASSES * tokens
    )
    serial, _ = await services.store.read(partial(stored_datasets.identity, project=project, id=id))
    await services.store.write(partial(dataset_rows.change, serial=serial, job=job.id))
    return job


async def taken(services: Services, project: str, id: str, wish: Wish, *, form: str, language: str) -> Taken:
    """The selection as a file of TAKEN. Raises NotFound for another form, and for a PDF on a server that cannot make
    one; Conflict and BadRequest as `view` does."""
    if form in export.WRITERS:
        export.refuse_while_busy(form)
        await page(services, project, id, wish, limit=1)
        every = rows.every(services.store, project, id, wish)
        return Taken(export.WRITERS[form](every), f"rows.{form}", export.MEDIA[form])
    if form not in TAKEN:
        raise NotFound(f"a selection is not written as {form[:20]!r}; there are: {', '.join(TAKEN)}")
    found = await datasets.find(services, project, id)
    out = await view(services, project, id, wish)
    known = {each.key: each.name for each in out.slices} | {each.key: each.name for each in out.found}
    name = known.get(wish.slice, "")
    if form == "contract":
        every = rows.every(services.store, project, id, wish.model_copy(update={"sort": "number", "start": 0}))
        body = await in_thread(partial(contract.to_zip, out, every, name=name or out.statement, dataset=found.name))
        return Taken(iter((body,)), "contract.zip", "application/zip")
    first = wish.model_copy(update={"start": 0, "sort": "worst"})
    listed = await page(services, project, id, first, limit=report.SHOWN)
    digest = next((run.digest for run in found.runs if run.model == out.model), "")
    html = await in_thread(partial(report.to_html, found, out, listed, name=name, digest=digest, language=language))
    if form == "pdf":
        return Taken(iter((await in_thread(paper.to_pdf, html),)), "report.pdf", "application/pdf")
    return Taken(iter((html.encode(),)), "report.html", "text/html; charset=utf-8")


def _write(path: str, lines: Any) -> None:
    with Path(path).open("wb") as file:
        file.writelines(lines)


def _mapping(before: DatasetOut) -> Mapping:
    """Columns of the lines that `rows.remade` writes."""
    used = before.mapping
    assert used is not None
    return Mapping(
        text="text", text_pair="text_pair" if used.text_pair else None, label="label" if before.labels else None,
        id="id" if used.id else None, groups=tuple(f"group {name}" for name in used.groups), classes=used.classes,
    )  # fmt: skip


async def in_thread(function: Callable[..., T], *given: Any) -> T:
    return await anyio.to_thread.run_sync(partial(function, *given))
