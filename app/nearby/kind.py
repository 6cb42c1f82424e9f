"""The job that makes a vector of every row by a sentence encoder, and keeps them with the data set."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..datasets.kind import dataset_of, states_of
from ..datasets.service import rows
from ..datasets.vectors import narrowed, stacked, units_of
from ..jobs.runner.kinds import Kind
from ..jobs.runner.work import Work
from ..store.arrays import pack, unpack
from . import stored
from .schemas import MeaningJob

SHARD = 512


class MeaningKind(Kind):
    name = "meaning"
    Request = MeaningJob

    def shards(self, work: Work) -> int:
        asked: MeaningJob = work.request
        return math.ceil(asked.rows / SHARD)

    def run(self, work: Work, shard: int) -> bytes:
        asked: MeaningJob = work.request
        given = rows(work.store, work.project, asked.dataset, shard * SHARD, (shard + 1) * SHARD)
        state = work.engine.ready(asked.encoder)
        answers = states_of(work, tuple(each.whole for each in given), state)
        vectors = narrowed(answers[:, len(state.labels) :], asked.rows, whole=stored.WHOLE)
        return pack(units_of(vectors).astype(np.float16), name="vectors")

    def finish(self, work: Work) -> dict[str, Any]:
        asked: MeaningJob = work.request
        found = dataset_of(work)
        state = work.engine.ready(asked.encoder)
        vectors = stacked([unpack(body) for body in work.results()])
        encoder = stored.Encoder(state.id, state.digest)
        work.commit(partial(stored.write, dataset=found.serial, vectors=vectors, encoder=encoder))
        page = f"/datasets/{found.id}/meaning"
        return {"rows": len(vectors), "links": {"page": page, "dataset": f"/v1/datasets/{found.id}"}}
