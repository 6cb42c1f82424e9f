"""Data sets in the job runner: a file is read; a model is asked about every row, a sample is explained.

What else is made of the answers, whoever looks at them decides: `study` (app/workbench/kind.py).
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from .._library import explainers
from ..engine.messages import States
from ..engine.schemas import ModelOut
from ..explain.ask.many import explained
from ..explain.ask.schemas import ExplanationRequest
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..schemas import TextInput
from ..store import holders, jobs
from ..store.arrays import pack, unpack
from ..store.datasets import facts as dataset_facts
from ..store.datasets import rows as datasets
from ..store.datasets.facts import NONE, Alike, Explained, Fact
from ..store.datasets.tables import Dataset
from ..store.job_states import State
from ..store.jobs import NewJob
from .browsing import browse, words
from .browsing.browse import Filters
from .importing import groups_of, import_file, new_run
from .reading.labels import match
from .requests import EXPLAINED_SHARD, ORDERED_SHARDS, SHARD, DatasetJob
from .schemas import Described
from .service import rows
from .uploads import restore
from .vectors import narrowed, stacked

Answers: TypeAlias = NDArray[np.float64]
DONE = b"{}"
WHOLE_STATES = 20_000  # rows whose states are kept as they are


class DatasetKind(Kind):
    name = "dataset"
    Request = DatasetJob

    def shards(self, work: Work) -> int:
        request: DatasetJob = work.request
        if request.step == "import":
            return 1
        return _answers_first(request) + math.ceil(_explained(request) / EXPLAINED_SHARD)

    def after(self, work: Work, shard: int) -> int:
        """The study reads every answer, and which rows are errors is known after the last."""
        request: DatasetJob = work.request
        return predicted_shards(request) if request.step == "predict" and shard >= predicted_shards(request) else 0

    def run(self, work: Work, shard: int) -> bytes:
        request: DatasetJob = work.request
        if request.step == "import":
            _import(work)
        elif shard >= (first := _answers_first(request)):
            _explain(work, _share(work, shard - first))
        elif shard < first - 1:
            return _predict(work, shard * SHARD, (shard + 1) * SHARD)
        else:
            self.study(work)
        return DONE

    def study(self, work: Work) -> None:
        """A step over all answers together; a kind that looks at them defines it."""

    def finish(self, work: Work) -> dict[str, Any]:
        request: DatasetJob = work.request
        found = dataset_of(work)
        page = f"/datasets/{found.id}"
        if request.step == "import" and request.model:
            hand_on(work, found, model=request.model, created=request.created)
        if request.step != "import":
            state = work.engine.ready(str(request.model))
            run = run_of(work, found, state)
            work.commit(partial(words.gather, run=run))
            page = f"{page}?model={state.id}"
        return {"rows": found.rows, "bad_rows": found.faults, "links": {"page": page, "dataset": f"/v1{page}"}}


def _import(work: Work) -> None:
    found = dataset_of(work)
    path = work.folder / "upload"
    restore(work.store, found.file, path)
    import_file(work.store, work.project, found.id, path, progress=work.progress)
    path.unlink()


def _predict(work: Work, start: int, stop: int) -> bytes:
    """Labels, predictions and probabilities of consecutive rows; gives back the answers as `answers_of` reads them."""
    found = dataset_of(work)
    state = work.engine.ready(work.request.model)
    run = run_of(work, found, state)
    described = Described.model_validate_json(found.described)
    names = match(described.labels, state.labels).classes
    given = rows(work.store, work.project, found.id, start, stop)
    texts = tuple(row.text if row.text_pair is None else (row.text, row.text_pair) for row in given)
    answers = states_of(work, texts, state)
    facts = []
    for row, answer in zip(given, answers, strict=True):
        groups = groups_of(json.dumps(row.groups), described)
        label = None if row.label is None else names.get(row.label, row.label)
        said = None
        if not np.isnan(answer).any():
            said = explainers.values.prediction_of(answer[: len(state.labels)], state.labels, state.head)
        if said is None or said.predicted is None:
            facts.append(Fact(row.number, Alike(label, groups=groups)))
            continue
        shares, best = said.probabilities, said.predicted
        probability = NONE if shares is None else float(shares[best.index])
        facts.append(Fact(row.number, Alike(label, best.label, groups=groups), probability))
    work.commit(partial(dataset_facts.write, run=run, facts=facts))
    logits, states = answers[:, : len(state.labels)], answers[:, len(state.labels) :]
    kept = np.concatenate([logits, narrowed(states, work.request.rows, whole=WHOLE_STATES)], axis=1)
    return pack(kept.astype(np.float32), name="answers")


def answers_of(work: Work) -> Answers:
    """Logits and the state that the head read, (rows, labels + width); NaN for a row that was not read."""
    return stacked([unpack(work.result(shard)) for shard in range(predicted_shards(work.request))])


def states_of(work: Work, texts: tuple[str | tuple[str, str], ...], state: ModelOut) -> Answers:
    """Logits and states of texts; NaN for one that the model cannot read: the others are answered all the same."""
    try:
        return work.engine.ask(States(model=state.id, texts=texts)).astype(np.float64)
    except explainers.BadInput:
        if len(texts) == 1:
            return np.full((1, len(state.labels)), np.nan)
        half = len(texts) // 2
        return stacked([states_of(work, part, state) for part in (texts[:half], texts[half:])])


def _explain(work: Work, numbers: Sequence[int]) -> None:
    """Explanations under the keys of single ones: each has its page."""
    found = dataset_of(work)
    run = run_of(work, found, work.engine.ready(work.request.model))
    there = work.store.query(partial(datasets.rows_at, serial=found.serial, numbers=numbers))
    given = [there[number] for number in numbers]
    questions = [
        ExplanationRequest(
            model=work.request.model,
            input=TextInput(text=row.text, text_pair=row.text_pair),
            method=work.request.method,
        )
        for row in given
    ]
    answers = explained(work, questions, 0, holder=holders.of_dataset(found.serial))
    made = [
        Explained(
            number, str(answer.explanation), answer.badge,
            {str(answer.label): list(zip(answer.features, answer.scores or (), strict=True))},
        )
        for number, answer in zip(numbers, answers, strict=True)
        if answer.error is None and answer.scores is not None
    ]  # fmt: skip
    work.commit(partial(dataset_facts.explain, run=run, found=made))


def dataset_of(work: Work) -> Dataset:
    found = work.store.query(partial(datasets.find, project=work.project, id=work.request.dataset))
    if found is None:
        raise explainers.Cancelled("the data set was deleted meanwhile")
    return found


def run_of(work: Work, found: Dataset, state: ModelOut) -> int:
    make = partial(new_run, serial=found.serial, model=state.id, digest=state.digest, labels=state.labels)
    return work.commit(make)


def predicted_shards(request: DatasetJob) -> int:
    return math.ceil(request.rows / SHARD)


def _share(work: Work, share: int) -> list[int]:
    """The rows of one shard of those that are explained: of some shards together the shortest texts come first."""
    block, place = divmod(share, ORDERED_SHARDS)
    size = ORDERED_SHARDS * EXPLAINED_SHARD
    numbers = _chosen(work)[block * size : (block + 1) * size]
    there = work.store.query(partial(datasets.rows_at, serial=dataset_of(work).serial, numbers=numbers))
    ordered = sorted(numbers, key=lambda number: len(there[number].text) + len(there[number].text_pair or ""))
    return ordered[place * EXPLAINED_SHARD : (place + 1) * EXPLAINED_SHARD]


def _answers_first(request: DatasetJob) -> int:
    """Shards before the first explanation: the answers and their study."""
    return predicted_shards(request) + 1 if request.step == "predict" else 0


def _explained(request: DatasetJob) -> int:
    """How many rows are explained, at most."""
    return len(request.chosen) if _by_number(request) else min(request.explain, request.rows)


def _by_number(request: DatasetJob) -> bool:
    return request.step == "explain" or request.which == "chosen"


def _chosen(work: Work) -> Sequence[int]:
    """The rows to explain: the same ones whenever it is asked, once every row is predicted."""
    request: DatasetJob = work.request
    if _by_number(request):
        return request.chosen
    if request.which == "errors":
        return _errors_first(work, _explained(request))
    count = _explained(request)
    return sorted(random.Random(request.seed).sample(range(request.rows), count))  # noqa: S311 - a sample, no secret


def _errors_first(work: Work, count: int) -> Sequence[int]:
    """Rows that the model gets wrong, the most certain first; then the rows that it is least certain of."""
    wrong = Filters(model=work.request.model, right=False, sort="-probability")
    found = list(browse.numbers(work.store, work.project, work.request.dataset, wrong, count))
    known = set(found)
    rest = Filters(model=work.request.model, sort="probability")
    others = browse.numbers(work.store, work.project, work.request.dataset, rest, count + len(found))
    return [*found, *(number for number in others if number not in known)][:count]


def hand_on(work: Work, found: Dataset, *, model: str, created: int) -> None:
    """Submit the job in which the model predicts the rows that were read; submitted again it is the same one."""
    follows = DatasetJob(step="predict", dataset=found.id, created=created, rows=found.rows, model=model)
    key = f"{found.id}-{created}-{model}-predict"

    def write(session: Session) -> None:
        before = jobs.find(session, work.id)
        new = NewJob(
            id=jobs.job_id(work.project, DatasetKind.name, key), project=work.project, kind=DatasetKind.name,
            title=f"{model} · {found.name}"[:200], request=follows.model_dump_json(),
            priority=before.priority if before else 100, state=State.QUEUED, caller=before.caller if before else "",
        )  # fmt: skip
        made = jobs.add(session, new)
        datasets.change(session, serial=found.serial, job=made.id)

    work.commit(write)
