"""Predictions or explanations of many texts, in the job runner."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .._library import explainers
from ..datasets import service as datasets
from ..engine.messages import Score
from ..explain.ask import answers
from ..explain.ask.answers import BatchRow
from ..explain.ask.many import explained
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..schemas import TextInput
from ..store import holders
from . import rows
from .parquet import write_parquet
from .schemas import BatchRequest, BatchResult

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
        found = (
            _predicted(work, given, start)
            if request.method is None
            else explained(work, list(map(request.asked, given)), start, holder=holders.of_batch(work.id))
        )
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
        found = work.engine.ask(Score(model=state.id, texts=tuple(texts)))
        predicted = [explainers.values.prediction_of(row, state.labels, state.head) for row in found]
        return [
            answers.predicted(start + at, given[at].text, given[at].text_pair, found=each)
            for at, each in enumerate(predicted)
        ]
    except explainers.BadInput as error:
        if len(given) == 1:
            return [answers.failed(start, given[0].text, given[0].text_pair, error=error)]
        return [row for at, each in enumerate(given) for row in _predicted(work, [each], start + at)]
