"""The job that makes a vector of every row by a sentence encoder, and keeps them with the data set."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from .._library import explainers
from ..audit.data.values import Floats
from ..datasets.kind import dataset_of
from ..datasets.service import DataRow, rows
from ..engine.messages import States
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
        vectors = stored.narrowed(_vectors(work, given)[:, len(state.labels) :], asked.rows)
        return pack(stored.units_of(vectors).astype(np.float16), name="vectors")

    def finish(self, work: Work) -> dict[str, Any]:
        asked: MeaningJob = work.request
        found = dataset_of(work)
        state = work.engine.ready(asked.encoder)
        parts = [unpack(body) for body in work.results()]
        width = max(part.shape[1] for part in parts)
        vectors = np.concatenate(
            [part if part.shape[1] == width else np.full((len(part), width), np.nan, np.float16) for part in parts]
        )
        encoder = stored.Encoder(state.id, state.digest)
        work.commit(partial(stored.write, dataset=found.serial, vectors=vectors, encoder=encoder))
        page = f"/datasets/{found.id}/meaning"
        return {"rows": len(vectors), "links": {"page": page, "dataset": f"/v1/datasets/{found.id}"}}


def _vectors(work: Work, given: tuple[DataRow, ...]) -> Floats:
    """NaN for a row that the encoder cannot read. Both texts of a pair are one."""
    texts = tuple(row.text if row.text_pair is None else f"{row.text}\n{row.text_pair}" for row in given)
    try:
        return work.engine.ask(States(model=work.request.encoder, texts=texts)).astype(np.float64)
    except explainers.BadInput:
        if len(given) == 1:
            return np.full((1, 1), np.nan)
        half = len(given) // 2
        parts = [_vectors(work, part) for part in (given[:half], given[half:])]
        wide = max(part.shape[1] for part in parts)
        return np.concatenate([part if part.shape[1] == wide else np.full((len(part), wide), np.nan) for part in parts])
