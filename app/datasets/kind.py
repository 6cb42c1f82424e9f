"""Data sets in the job runner: a file is read; a model is asked about every row, a sample is explained."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from .._library import explainers
from ..engine.messages import Score
from ..engine.schemas import ModelOut
from ..explain.ask.many import explained
from ..explain.ask.schemas import ExplanationRequest
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..schemas import TextInput
from ..store import holders, jobs
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
from .service import DataRow, rows
from .uploads import restore

DONE = b"{}"


class DatasetKind(Kind):
    name = "dataset"
    Request = DatasetJob

    def shards(self, work: Work) -> int:
        request: DatasetJob = work.request
        if request.step == "import":
            return 1
        return _predicted_shards(request) + math.ceil(_explained(request) / EXPLAINED_SHARD)

    def after(self, work: Work, shard: int) -> int:
        """Rows are explained once all are predicted: which are the errors is known then."""
        predicted = _predicted_shards(work.request)
        return predicted if shard >= predicted else 0

    def run(self, work: Work, shard: int) -> bytes:
        request: DatasetJob = work.request
        if request.step == "import":
            _import(work)
        elif shard < _predicted_shards(request):
            _predict(work, shard * SHARD, (shard + 1) * SHARD)
        else:
            _explain(work, _share(work, shard - _predicted_shards(request)))
        return DONE

    def finish(self, work: Work) -> dict[str, Any]:
        request: DatasetJob = work.request
        found = _dataset(work)
        page = f"/datasets/{found.id}"
        if request.step == "import" and request.model:
            _hand_on(work, found)
        if request.step == "predict":
            state = work.engine.ready(str(request.model))
            run = _run(work, found, state)
            work.commit(partial(words.gather, run=run))
            page = f"{page}?model={state.id}"
        return {"rows": found.rows, "bad_rows": found.faults, "links": {"page": page, "dataset": f"/v1{page}"}}


def _import(work: Work) -> None:
    found = _dataset(work)
    path = work.folder / "upload"
    restore(work.store, found.file, path)
    import_file(work.store, work.project, found.id, path, progress=work.progress)
    path.unlink()


def _predict(work: Work, start: int, stop: int) -> None:
    """Labels, predictions and probabilities of consecutive rows."""
    found = _dataset(work)
    state = work.engine.ready(work.request.model)
    run = _run(work, found, state)
    described = Described.model_validate_json(found.described)
    names = match(described.labels, state.labels).classes
    given = rows(work.store, work.project, found.id, start, stop)
    predicted = _predictions(work, given, state)
    facts = []
    for row, prediction in zip(given, predicted, strict=True):
        groups = groups_of(json.dumps(row.groups), described)
        label = None if row.label is None else names.get(row.label, row.label)
        if prediction is None or prediction.predicted is None:
            facts.append(Fact(row.number, Alike(label, groups=groups)))
            continue
        shares, best = prediction.probabilities, prediction.predicted
        probability = NONE if shares is None else float(shares[best.index])
        facts.append(Fact(row.number, Alike(label, best.label, groups=groups), probability))
    work.commit(partial(dataset_facts.write, run=run, facts=facts))


def _predictions(work: Work, given: Sequence[DataRow], state: ModelOut) -> list[explainers.Prediction | None]:
    """None for a row that the model cannot read; the others are answered all the same."""
    texts = [row.text if row.text_pair is None else (row.text, row.text_pair) for row in given]
    try:
        scores = work.engine.ask(Score(model=state.id, texts=tuple(texts)))
        return [explainers.values.prediction_of(each, state.labels, state.head) for each in scores]
    except explainers.BadInput:
        if len(given) == 1:
            return [None]
        half = len(given) // 2
        return _predictions(work, given[:half], state) + _predictions(work, given[half:], state)


def _explain(work: Work, numbers: Sequence[int]) -> None:
    """Explanations under the keys of single ones: each has its page."""
    found = _dataset(work)
    run = _run(work, found, work.engine.ready(work.request.model))
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


def _dataset(work: Work) -> Dataset:
    found = work.store.query(partial(datasets.find, project=work.project, id=work.request.dataset))
    if found is None:
        raise explainers.Cancelled("the data set was deleted meanwhile")
    return found


def _run(work: Work, found: Dataset, state: ModelOut) -> int:
    make = partial(new_run, serial=found.serial, model=state.id, digest=state.digest, labels=state.labels)
    return work.commit(make)


def _predicted_shards(request: DatasetJob) -> int:
    return math.ceil(request.rows / SHARD)


def _share(work: Work, share: int) -> list[int]:
    """The rows of one shard of those that are explained: of some shards together the shortest texts come first."""
    block, place = divmod(share, ORDERED_SHARDS)
    size = ORDERED_SHARDS * EXPLAINED_SHARD
    numbers = _chosen(work)[block * size : (block + 1) * size]
    there = work.store.query(partial(datasets.rows_at, serial=_dataset(work).serial, numbers=numbers))
    ordered = sorted(numbers, key=lambda number: len(there[number].text) + len(there[number].text_pair or ""))
    return ordered[place * EXPLAINED_SHARD : (place + 1) * EXPLAINED_SHARD]


def _explained(request: DatasetJob) -> int:
    """How many rows are explained, at most."""
    return len(request.numbers) if request.which == "chosen" else min(request.explain, request.rows)


def _chosen(work: Work) -> Sequence[int]:
    """The rows to explain: the same ones whenever it is asked, once every row is predicted."""
    request: DatasetJob = work.request
    if request.which == "chosen":
        return request.numbers
    if request.which == "errors":
        return _errors_first(work, _explained(request))
    count = _explained(request)
    return sorted(random.Random(request.seed).sample(range(request.rows), count))  # noqa: S311 - a sample, no secret


def _errors_first(work: Work, count: int) -> Sequence[int]:
    """What the model gets wrong, the most certain of it first; then what it is least certain of."""
    wrong = Filters(model=work.request.model, right=False, sort="-probability")
    found = list(browse.numbers(work.store, work.project, work.request.dataset, wrong, count))
    known = set(found)
    rest = Filters(model=work.request.model, sort="probability")
    others = browse.numbers(work.store, work.project, work.request.dataset, rest, count + len(found))
    return [*found, *(number for number in others if number not in known)][:count]


def _hand_on(work: Work, found: Dataset) -> None:
    """The job that predicts what was read; done again it is the same."""
    request: DatasetJob = work.request
    follows = DatasetJob(
        step="predict", dataset=found.id, created=request.created, rows=found.rows, model=request.model
    )
    key = f"{found.id}-{request.created}-{request.model}-predict"

    def write(session: Session) -> None:
        before = jobs.find(session, work.id)
        new = NewJob(
            id=jobs.job_id(work.project, DatasetKind.name, key), project=work.project, kind=DatasetKind.name,
            title=f"{request.model} · {found.name}"[:200], request=follows.model_dump_json(),
            priority=before.priority if before else 100, state=State.QUEUED, caller=before.caller if before else "",
        )  # fmt: skip
        made = jobs.add(session, new)
        datasets.change(session, serial=found.serial, job=made.id)

    work.commit(write)
