"""A comparison of models as a job: one shard, whose answer is kept with the job."""

from __future__ import annotations

from typing import Any

from .._library import explainers
from ..audit.evidence.oracle import EngineOracle
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from .change import Options, Side, change
from .schemas import ChangeOut, ChangeRequest
from .uploaded import texts_of_dataset


class ChangeKind(Kind):
    name = "change"
    Request = ChangeRequest

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        asked: ChangeRequest = work.request
        before, after = _side(work, asked.before), _side(work, asked.after)
        twin = None if asked.twin is None else _side(work, asked.twin)
        options = Options(explained=asked.texts, margin=asked.margin, terms=asked.terms, seed=asked.seed)
        texts = texts_of_dataset(work, asked.dataset, before.oracle.facts.labels)
        found = change(before, after, texts, twin=twin, options=options, tell=work.progress)
        return found.model_dump_json().encode()

    def finish(self, work: Work) -> dict[str, Any]:
        found = ChangeOut.model_validate_json(work.result(0))
        links = {"page": f"/changes/{work.id}", "json": f"/v1/changes/{work.id}"}
        return {"rows": found.decisions.texts, "call": found.agreement.call, "links": links}


def _side(work: Work, model: str) -> Side:
    state = work.engine.ready(model)
    size = explainers.bytes_of(model if state.source is None else state.source)
    return Side(EngineOracle(work.engine, model), size=size, memory=state.memory)
