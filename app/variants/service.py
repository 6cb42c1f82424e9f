"""Variants of a selection as somebody asks for them, and what they show of the model."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import anyio.to_thread
import numpy as np
from sqlalchemy.orm import Session

from ..datasets import flow as dataset_flow
from ..datasets import service as datasets
from ..datasets.service import EPOCH
from ..engine.demand.costs import USUAL_PASSES, tokens_of_file
from ..errors import BadRequest, Conflict, NotFound
from ..jobs import service as jobs
from ..jobs.room import refuse_without_room
from ..jobs.schemas import JobOut
from ..store.database import Store
from ..store.datasets import rows as store_datasets
from ..store.datasets.tables import Dataset
from ..web.dependencies import Services
from ..workbench import rows as selected
from ..workbench.opening import Opened, opened
from ..workbench.schemas import Wish
from . import measuring, stored
from .schemas import (
    MOST_FLIPS,
    BehaviourOut,
    BehavioursOut,
    ExampleOut,
    MadeOut,
    VariantsJob,
    VariantsOut,
    VariantsRequest,
)

KIND = "variants"
MOST_SHOWN = 12  # data sets of variants whose behaviours a page shows
LONGEST = 400  # characters of a text in an example


async def make(services: Services, project: str, id: str, asked: VariantsRequest) -> JobOut:
    """A job that varies rows of a selection, a sample where it is larger. Raises NotFound, Conflict, BadRequest."""
    found = await dataset_flow.find(services, project, id)
    wish = Wish(model=asked.model, slice=asked.slice, where=asked.where)
    model, classes = await anyio.to_thread.run_sync(_model_of, services.store, project, id, wish)
    await services.engine.ready(model)
    for recipe in asked.recipes:
        recipe.refuse_unknown(classes)
    numbers = await anyio.to_thread.run_sync(selected.numbers, services.store, project, id, wish)
    if not len(numbers):
        raise BadRequest("the selection has no row", cure="Take away a condition.")
    count = min(asked.rows, len(numbers))
    flips = sum(recipe.how == "flip" for recipe in asked.recipes)
    if flips and count > MOST_FLIPS:
        raise BadRequest(
            f"flip asks the model some hundred times a row; {count:,} rows are chosen, {MOST_FLIPS} are allowed",
            cure="Choose fewer rows, or leave flip out.",
        )
    chosen = np.sort(np.random.default_rng(asked.seed).choice(np.sort(numbers), count, replace=False))
    serial, created = await services.store.read(partial(datasets.identity, project=project, id=id))
    request = VariantsJob(
        dataset=id, created=created, model=model, recipes=asked.recipes, chosen=tuple(chosen.tolist()), seed=asked.seed
    )
    share = found.bytes * count // max(1, found.rows)
    times = sum(recipe.times for recipe in asked.recipes)
    await refuse_without_room(services, project, size=share * times)
    tokens = tokens_of_file(found.bytes, found.rows) * count // max(1, found.rows)
    cost = tokens * (times + USUAL_PASSES * flips)
    job = await jobs.submit(services, project, KIND, request, title=f"{model} · {found.name}"[:200], cost=cost)
    await services.store.write(partial(store_datasets.change, serial=serial, job=job.id))
    return job


async def listing(services: Services, project: str, id: str) -> VariantsOut:
    """Data sets of variants that were made of this one, the newest first, with what they show. Raises NotFound."""
    return await anyio.to_thread.run_sync(_listed, services.store, project, id)


async def behaviours(services: Services, project: str, id: str, model: str = "") -> BehavioursOut:
    """Raises NotFound for a data set that holds no variants, Conflict before the model was asked."""
    read = partial(_behaviours, project=project, id=id, model=model)
    return await anyio.to_thread.run_sync(services.store.query, read)


def _model_of(store: Store, project: str, id: str, wish: Wish) -> tuple[str, tuple[str, ...]]:
    def look(session: Session) -> tuple[str, tuple[str, ...]]:
        here = opened(session, project, id, wish.model)
        return here.run.model, here.study.classes

    return store.query(look)


def _listed(store: Store, project: str, id: str) -> VariantsOut:
    def made(session: Session) -> list[Dataset]:
        datasets.require(session, project, id)
        found = store_datasets.made_of(session, project, id)
        return [each for each in found if stored.origins_of(session, each.serial) is not None][:MOST_SHOWN]

    return VariantsOut(variants=tuple(_made(store, project, each) for each in store.query(made)))


def _made(store: Store, project: str, found: Dataset) -> MadeOut:
    seen, waits = None, ""
    try:
        seen = store.query(partial(_behaviours, project=project, id=found.id))
    except (BadRequest, Conflict, NotFound) as error:
        waits = str(error)
    shown = datasets.shown(found, ())
    created = EPOCH + timedelta(microseconds=found.created)
    return MadeOut(
        dataset=found.id, name=found.name, status=shown.status, rows=found.rows, created=created, behaviours=seen,
        waits=waits,
    )  # fmt: skip


def _behaviours(session: Session, project: str, id: str, model: str = "") -> BehavioursOut:
    dataset = datasets.require(session, project, id)
    origins = stored.origins_of(session, dataset.serial)
    if origins is None or dataset.origin is None:
        raise NotFound(
            f"the data set {id[:80]!r} holds no variants", cure="POST /v1/datasets/{id}/variants makes some."
        )
    there = opened(session, project, id, model or origins.asked.model)
    here = opened(session, project, dataset.origin, there.run.model)
    if here.run.digest != there.run.digest:
        raise Conflict(
            f"{there.run.model} is another model now than the one that was asked about the rows",
            cure="Ask it about the rows and their variants again.",
        )
    if len(origins.parents) != len(there.frame) or origins.parents.max(initial=-1) >= len(here.frame):
        raise Conflict("the rows were read again since", cure="Make the variants again.")
    answers = measuring.answers_of(here.frame, there.frame, origins.parents, origins.recipes)
    return BehavioursOut(
        dataset=id, origin=dataset.origin, model=there.run.model,
        behaviours=tuple(
            _with_examples(
                measuring.behaviour_of(answers, number, recipe, chosen=len(origins.asked.chosen)), answers, here, there
            )
            for number, recipe in enumerate(origins.asked.recipes)
        ),
    )  # fmt: skip


def _with_examples(found: measuring.Behaviour, answers: measuring.Answers, here: Opened, there: Opened) -> BehaviourOut:
    failing = found.failing[: measuring.SHOWN].tolist()
    parents = [int(answers.parents[each]) for each in failing]
    before = store_datasets.rows_at(here.session, here.dataset.serial, parents)
    after = store_datasets.rows_at(there.session, there.dataset.serial, failing)
    examples = [
        ExampleOut(
            row=row, variant=each, text=before[row].text[:LONGEST], varied=after[each].text[:LONGEST],
            before=answers.classes[int(answers.before[each])], after=answers.classes[int(answers.after[each])],
            change=None if np.isnan(found.change[each]) else float(found.change[each]),
        )
        for each, row in zip(failing, parents, strict=True)
    ]  # fmt: skip
    return found.out.model_copy(update={"examples": tuple(examples)})
