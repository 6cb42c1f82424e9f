"""Predictions or explanations of many texts, in the job runner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from .._library import explainers
from ..datasets import service as datasets
from ..explain import records as explanations
from ..explain.keys import explanation_key, numbers_of
from ..explain.questions import explainer_of, question_of
from ..explain.schemas import ExplanationOut
from ..jobs.kinds import Kind
from ..jobs.work import Work
from ..models.schemas import ModelOut
from ..schemas import TextInput
from ..store import holders, results
from ..store.results import NewResult
from . import answers, rows
from .parquet import write_parquet
from .schemas import BatchRequest, BatchResult, BatchRow

PARQUET = "results.parquet"


class BatchKind(Kind):
    name = "batch"
    Request = BatchRequest

    def shards(self, work: Work) -> int:
        request: BatchRequest = work.request
        count = len(request.inputs) if request.inputs else _dataset_rows(work)
        return math.ceil(count / request.shard_rows)

    def run(self, work: Work, shard: int) -> bytes:
        request: BatchRequest = work.request
        start = shard * request.shard_rows
        given = _inputs(work, start, start + request.shard_rows)
        if request.method is None:
            found = _predicted(work, given, start)
        else:
            found = explained(work, given, start, holder=holders.of_batch(work.id))
        return rows.packed(found)

    def finish(self, work: Work) -> dict[str, Any]:
        path = work.folder / PARQUET
        count, failed = write_parquet(path, work.results())
        work.keep(PARQUET, path)
        links = {name: f"/v1/batches/{work.id}/results?format={name}" for name in ("jsonl", "csv", "parquet")}
        return BatchResult(rows=count, failed=failed, links=links).model_dump(mode="json")


def _dataset_rows(work: Work) -> int:
    return datasets.find(work.store, work.project, work.request.dataset).rows


def _inputs(work: Work, start: int, stop: int) -> Sequence[TextInput]:
    request: BatchRequest = work.request
    if request.inputs is not None:
        return request.inputs[start:stop]
    assert request.dataset is not None
    found = datasets.rows(work.store, work.project, request.dataset, start, stop)
    return [TextInput(text=row.text, text_pair=row.text_pair) for row in found]


def _predicted(work: Work, given: Sequence[TextInput], start: int) -> list[BatchRow]:
    """All at once; where one of them cannot be read, one by one, so that it alone fails."""
    state = work.engine.ready(work.request.model)
    texts = [each.text if each.text_pair is None else (each.text, each.text_pair) for each in given]
    try:
        found = work.engine.scores(state.id, texts)
        predicted = [explainers.values.prediction_of(row, state.labels, state.head) for row in found]
        return [
            answers.predicted(start + at, given[at].text, given[at].text_pair, found=each)
            for at, each in enumerate(predicted)
        ]
    except explainers.BadInput as error:
        if len(given) == 1:
            return [answers.failed(start, given[0].text, given[0].text_pair, error=error)]
        return [row for at, each in enumerate(given) for row in _predicted(work, [each], start + at)]


def explained(work: Work, given: Sequence[TextInput], start: int, *, holder: str) -> list[BatchRow]:
    """Under the keys of single explanations: one that was asked for before is looked up, each has its page.

    holder: for whom they are kept (store/holders.py).
    """
    state = work.engine.ready(work.request.model)
    new: list[NewResult] = []
    found: list[BatchRow] = []
    for at, each in enumerate(given):
        work.progress(at / len(given))
        try:
            found.append(_explanation(work, each, start + at, state=state, new=new))
        except explainers.Cancelled:
            raise
        except explainers.ExplainersError as error:
            found.append(answers.failed(start + at, each.text, each.text_pair, error=error))
    work.commit(partial(_keep, work, new, [row.explanation for row in found if row.explanation], holder))
    return found


def _keep(work: Work, new: Sequence[NewResult], keys: Sequence[str], holder: str, session: Session) -> None:
    results.add(session, work.store.files, work.project, new)
    holders.hold(session, work.project, keys, holder)


def _explanation(work: Work, given: TextInput, row: int, *, state: ModelOut, new: list[NewResult]) -> BatchRow:
    asked = work.request.asked(given)
    explainer = explainer_of(asked.method, asked.options, state)
    question = question_of(asked, state)
    key = explanation_key(numbers_of(state), question, explainer)
    body = work.store.query(partial(results.body_of, project=work.project, key=key, kind="explanation"))
    if body is None:
        made = work.engine.explain(state.id, question, method=explainer.name, options=explainer.model_dump(mode="json"))
        new.append(explanations.explanation(made, key=key))
        body = new[-1].body
    return answers.explained(row, ExplanationOut.model_validate_json(body), key=key)
