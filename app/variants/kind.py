"""The job that makes a data set of variants, and has its model asked about them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .._library import explainers
from ..datasets import service as datasets
from ..datasets.importing import import_file
from ..datasets.kind import dataset_of, hand_on
from ..datasets.reading.schemas import Mapping
from ..datasets.uploads import upload_of
from ..engine.messages import ExplainMany
from ..errors import BadRequest
from ..explain.ask.questions import question_of
from ..explain.ask.schemas import ExplanationRequest
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..schemas import TextInput
from ..store.datasets import rows as store_datasets
from ..store.datasets.tables import Dataset, DatasetRow
from ..web.words import N_
from . import stored
from .edits import Changed, shortened
from .making import Variant, variants_of
from .schemas import VariantsJob

TOGETHER = 16  # rows whose fewest words are sought at once
STEPS = N_("changing texts"), N_("reading the variants")
KIND_OF_CHANGE = "variant"  # group column of the recipe's name
MOST_BYTES = 1 << 30


class VariantsKind(Kind):
    name = "variants"
    Request = VariantsJob

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        asked: VariantsJob = work.request
        origin = dataset_of(work)
        there = work.store.query(partial(store_datasets.rows_at, serial=origin.serial, numbers=asked.chosen))
        rows = [(number, there[number]) for number in asked.chosen if number in there]
        work.progress(0.0, STEPS[0])
        made = list(variants_of(rows, asked.recipes, seed=asked.seed, fewest=_fewest(work, there)))
        if not made:
            raise BadRequest("no text of the selection can be changed in these ways", cure="Choose other rows or ways.")
        work.progress(0.7, STEPS[1])
        return json.dumps({"dataset": _kept(work, origin, made), "variants": len(made)}).encode()

    def finish(self, work: Work) -> dict[str, Any]:
        asked: VariantsJob = work.request
        made = json.loads(work.result(0))
        found = work.store.query(partial(store_datasets.find, project=work.project, id=made["dataset"]))
        if found is None:
            raise explainers.Cancelled("the data set of variants was deleted meanwhile")
        hand_on(work, found, model=asked.model, created=found.created)
        links = {"page": f"/datasets/{asked.dataset}/variants", "dataset": f"/v1/datasets/{found.id}"}
        return {"rows": made["variants"], "links": links}


def _kept(work: Work, origin: Dataset, made: Sequence[Variant]) -> str:
    """Store the variants as a data set of their own; made again it is the same one."""
    asked: VariantsJob = work.request
    path = work.folder / "variants.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, each in enumerate(made):
            file.write(json.dumps(_line(asked, number, each), ensure_ascii=False) + "\n")
    names = ", ".join(dict.fromkeys(recipe.how for recipe in asked.recipes))
    mapping = Mapping(
        text="text", text_pair="text_pair" if any(each.text_pair is not None for each in made) else None,
        label="label" if any(each.label is not None for each in made) else None, id="id", groups=(KIND_OF_CHANGE,),
        classes=_classes(origin),
    )  # fmt: skip
    upload = upload_of(path, limit=MOST_BYTES)
    found = datasets.add(
        work.store, work.project, upload, name=f"{origin.name}: {names}", form="jsonl", mapping=mapping
    )
    if found.status != "ready":
        told = partial(_told, work)
        import_file(work.store, work.project, found.id, path, progress=told)
    work.commit(partial(_remember, project=work.project, id=found.id, asked=asked, made=made))
    path.unlink()
    return found.id


def _told(work: Work, done: float, note: str) -> None:
    work.progress(0.7 + 0.3 * done, note)


def _remember(session: Any, *, project: str, id: str, asked: VariantsJob, made: Sequence[Variant]) -> None:
    """Write the origins beside the rows; a row that could not be read has none."""
    dataset = datasets.require(session, project, id)
    numbers = [int(row.name or 0) for row in store_datasets.rows(session, dataset.serial, 0, dataset.rows)]
    parents, recipes = ([getattr(made[number], name) for number in numbers] for name in ("parent", "recipe"))
    stored.write(session, dataset.serial, stored.Origins(asked, np.array(parents), np.array(recipes)))
    store_datasets.change(session, dataset.serial, origin=asked.dataset)


def _line(asked: VariantsJob, number: int, each: Variant) -> dict[str, Any]:
    """A line of the file. It names its origin, so that equal variants of two data sets are two files."""
    found = {
        "id": str(number), "text": each.text, "text_pair": each.text_pair, "label": each.label,
        KIND_OF_CHANGE: asked.recipes[each.recipe].how, "row": each.parent, "change": each.what,
        "origin": asked.dataset,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _classes(origin: Dataset) -> dict[str, str]:
    used = datasets.shown(origin, ()).mapping
    return {} if used is None else dict(used.classes)


def _fewest(work: Work, rows: dict[int, DatasetRow]) -> Callable[[Sequence[int]], list[Changed | None]]:
    """Ask the model for the fewest words without which it says something else."""
    state = work.engine.ready(work.request.model)

    def found(numbers: Sequence[int]) -> list[Changed | None]:
        changed: list[Changed | None] = []
        for start in range(0, len(numbers), TOGETHER):
            work.progress(0.7 * start / len(numbers), STEPS[0])
            some = [rows[number] for number in numbers[start : start + TOGETHER]]
            questions = tuple(
                question_of(
                    ExplanationRequest(
                        model=state.id, input=TextInput(text=row.text, text_pair=row.text_pair), method="counterfactual"
                    ),
                    state,
                )
                for row in some
            )
            asked = ExplainMany(model=state.id, questions=questions, method="counterfactual", options={"edits": 1})
            answers = work.engine.ask(asked)
            for row, answer in zip(some, answers, strict=True):
                changed.append(
                    None if isinstance(answer, Exception) else shortened(json.loads(answer.body), row.text_pair)
                )
        return changed

    return found
