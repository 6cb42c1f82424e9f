"""A comparison of models as a job: one shard, whose answer is kept with the job."""

from __future__ import annotations

from typing import Any

from .._library import explainers
from ..audit.evidence.oracle import EngineOracle
from ..datasets import service as datasets
from ..datasets.reading.parsing import Row
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from .change import Options, Side, change
from .material import Texts, texts_of
from .schemas import ChangeOut, ChangeRequest

PAGE = 2_000  # rows of a data set that are read together


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
        texts = _texts(work, before.oracle.facts.labels)
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


def _texts(work: Work, classes: tuple[str, ...]) -> Texts:
    """Raises BadRequest where a label is no class of the models."""
    found = datasets.find(work.store, work.project, work.request.dataset)
    rows: list[Row] = []
    while part := datasets.rows(work.store, work.project, found.id, len(rows), len(rows) + PAGE):
        work.check()
        rows += [Row(len(rows) + at, each.text, None, each.label, dict(each.groups)) for at, each in enumerate(part)]
    return texts_of(found.name, found.sha256 or "", rows, classes, groups=found.groups)
