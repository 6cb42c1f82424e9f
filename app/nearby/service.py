"""Rows near a row by the classifier's states or by meaning, and rows near a text."""

from __future__ import annotations

from functools import partial

import anyio.to_thread
import numpy as np
from sqlalchemy.orm import Session

from ..audit.data.values import Floats
from ..datasets import flow as dataset_flow
from ..datasets import service as datasets
from ..datasets.schemas import RowOut
from ..datasets.vectors import narrowed
from ..engine.demand.costs import tokens_of_file
from ..engine.messages import Vectors
from ..engine.schemas import ModelOut
from ..errors import BadRequest, Conflict, NotFound
from ..jobs import service as jobs
from ..jobs.schemas import JobOut
from ..models import service as models
from ..store.datasets import columns
from ..store.datasets import rows as store_datasets
from ..store.datasets.tables import DatasetRow
from ..web.dependencies import Services
from ..web.words import N_
from ..workbench import rows as bench_rows
from ..workbench.opening import Opened, opened
from . import stored
from .near import nearest
from .schemas import By, MeaningJob, NearbyOut, NearOut

KIND = "meaning"
FIRST = "POST /v1/datasets/{id}/meaning has them made."


def encoders(services: Services) -> list[ModelOut]:
    """Models that compare two texts and can be asked."""
    return [each for each in models.list_models(services) if each.task == "similarity" and each.can_be_asked]


async def make(services: Services, project: str, id: str, encoder: str) -> JobOut:
    """A job that makes a vector of every row. Raises NotFound, BadRequest for a model that compares no texts."""
    found = await dataset_flow.find(services, project, id)
    if found.status != "ready":
        raise Conflict(f"the data set is {found.status}", cure="Wait until its file is read.")
    state = await services.engine.ready(encoder)
    if state.task != "similarity":
        known = ", ".join(each.id for each in encoders(services)) or "none"
        raise BadRequest(f"{encoder} compares no texts", cure=f"Choose a sentence encoder; there are: {known}.")
    serial, created = await services.store.read(partial(datasets.identity, project=project, id=id))
    request = MeaningJob(dataset=id, created=created, rows=found.rows, encoder=state.id)
    cost = tokens_of_file(found.bytes, found.rows)
    job = await jobs.submit(services, project, KIND, request, title=f"{state.id} · {found.name}"[:200], cost=cost)
    await services.store.write(partial(store_datasets.change, serial=serial, job=job.id))
    return job


async def similar(
    services: Services, project: str, id: str, number: int, *, by: By, model: str = "", limit: int = 20
) -> NearbyOut:
    """Rows near a row. Raises NotFound for a row that is not there, Conflict where its vectors are not."""
    look = partial(_similar, project=project, id=id, number=number, by=by, model=model, limit=limit)
    return await anyio.to_thread.run_sync(services.store.query, look)


async def search(services: Services, project: str, id: str, text: str, *, limit: int = 20) -> NearbyOut:
    """Rows whose meaning is near to a text. Raises Conflict before the vectors of the rows were made."""
    if not text.strip():
        raise BadRequest("the text to search for is empty", cure="Write what the rows should be about.")
    read = partial(_encoder, project=project, id=id)
    encoder = await anyio.to_thread.run_sync(services.store.query, read)
    state = await services.engine.ready(encoder.id)
    if state.digest != encoder.digest:
        raise Conflict(f"{encoder.id} is another model now than the one that made the vectors", cure=FIRST)
    answer = await services.engine.ask(Vectors(model=encoder.id, texts=(text,)))
    look = partial(_near, project=project, id=id, asked=answer[0, len(state.labels) :], limit=limit)
    return await anyio.to_thread.run_sync(services.store.query, look)


async def encoder_of(services: Services, project: str, id: str) -> str:
    """The encoder that made the vectors of the rows; empty before there are any. Raises NotFound."""
    try:
        return (await anyio.to_thread.run_sync(services.store.query, partial(_encoder, project=project, id=id))).id
    except Conflict:
        return ""


def _encoder(session: Session, project: str, id: str) -> stored.Encoder:
    found = stored.encoder_of(session, datasets.require(session, project, id).serial)
    if found is None:
        raise Conflict("the rows have no vectors of a sentence encoder yet", cure=FIRST)
    return found


def _similar(session: Session, project: str, id: str, number: int, *, by: By, model: str, limit: int) -> NearbyOut:
    dataset = datasets.require(session, project, id)
    if not 0 <= number < dataset.rows:
        raise NotFound(f"the data set has no row {number}")
    if by == "meaning":
        name, run, column = _encoder(session, project, id).id, _first(session, dataset.serial), stored.VECTORS
    else:
        here = opened(session, project, id, model)
        name, run, column = here.run.model, here.run.serial, "vectors"
    asked = _row_of(session, run, column, number)
    if asked is None:
        raise Conflict(
            N_("the states of the rows are not kept: the rows are too few for a map, or an earlier version asked"),
            cure="Ask the model about every row again.",
        )
    if np.isnan(asked).any():
        raise Conflict(f"row {number} could not be read, so nothing is near to it", cure="Choose another row.")
    found = nearest(columns.blocks(session, run, column), asked, count=limit, but=number)
    return NearbyOut(by=by, model=name, rows=_rows(session, project, id, found))


def _near(session: Session, project: str, id: str, *, asked: Floats, limit: int) -> NearbyOut:
    dataset = datasets.require(session, project, id)
    encoder = _encoder(session, project, id)
    unit = narrowed(asked[None], dataset.rows, whole=stored.WHOLE)[0]
    found = nearest(columns.blocks(session, _first(session, dataset.serial), stored.VECTORS), unit, count=limit)
    return NearbyOut(by="meaning", model=encoder.id, rows=_rows(session, project, id, found))


def _first(session: Session, dataset: int) -> int:
    return store_datasets.runs(session, dataset)[0].serial


def _row_of(session: Session, run: int, column: str, number: int) -> Floats | None:
    """The vector of one row; None where the column is not there."""
    start = 0
    for block in columns.blocks(session, run, column):
        if number < start + len(block):
            return block[number - start].astype(np.float64)  # type: ignore[no-any-return]
        start += len(block)
    return None


def _rows(session: Session, project: str, id: str, found: list[tuple[int, float]]) -> tuple[NearOut, ...]:
    """With predictions, where a model was asked."""
    numbers = [number for number, _ in found]
    here = _opened(session, project, id)
    if here is not None:
        rows: list[RowOut] = list(bench_rows.rows(here, numbers))
    else:
        dataset = datasets.require(session, project, id)
        there = store_datasets.rows_at(session, dataset.serial, numbers)
        rows = [_plain(there[number]) for number in numbers]
    return tuple(NearOut(row=row, similarity=cosine) for row, (_, cosine) in zip(rows, found, strict=True))


def _opened(session: Session, project: str, id: str) -> Opened | None:
    try:
        return opened(session, project, id)
    except Conflict:
        return None


def _plain(row: DatasetRow) -> RowOut:
    return RowOut(
        number=row.number, line=row.line, id=row.name, text=row.text, text_pair=row.text_pair, label=row.label
    )
