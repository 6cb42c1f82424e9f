"""An explanation or a panel that takes long, in the job runner: one shard, stored as if somebody had waited for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from ..._library import explainers
from ...engine.messages import Explained, ExplainedPanel
from ...errors import Conflict
from ...jobs.runner.kinds import Kind
from ...jobs.runner.work import Work
from ...store import history, holders, jobs, results
from ...store.results import NewResult
from . import records
from .keys import numbers_of
from .schemas import Asked

PARTS = "arriving"  # the file of a job with what is ready before the end


class ExplanationKind(Kind):
    name = "explanation"
    Request = Asked

    def shards(self, work: Work) -> int:
        return 1

    def run(self, work: Work, shard: int) -> bytes:
        """The key of what is stored."""
        asked: Asked = work.request
        if _stored(work) is None:
            new = records.answer(asked, _made(work))
            work.commit(partial(_keep, work, new))
        return asked.key.encode()

    def finish(self, work: Work) -> dict[str, Any]:
        asked: Asked = work.request
        body = _stored(work)
        if body is None:
            raise Conflict("the explanation was deleted while its job ended", cure="Ask again.")
        entry = records.entry(asked, records.read(asked, body))
        work.commit(partial(history.put, project=work.project, entry=entry))
        work.commit(partial(jobs.remove_file, job=work.id, name=PARTS))
        return {"key": asked.key, "links": {"page": asked.address, "json": f"/v1{asked.address}"}}


def _keep(work: Work, new: Sequence[NewResult], session: Session) -> None:
    """Stores the answer. Raises Cancelled where those for whom it was made were deleted meanwhile."""
    if holders.is_free(session, work.project, work.request.key):
        raise explainers.Cancelled("nobody asks for it any more")
    results.add(session, work.store.files, work.project, new)


def _stored(work: Work) -> bytes | None:
    asked: Asked = work.request
    return work.store.query(partial(results.body_of, project=work.project, key=asked.key, kind=asked.kind))


def _made(work: Work) -> Explained | ExplainedPanel:
    asked: Asked = work.request
    if numbers_of(work.engine.ready(asked.model)) != asked.digest:
        raise Conflict(
            f"{asked.model} is another model, or on another device, than when this was asked", cure="Ask again."
        )
    made: Explained | ExplainedPanel = work.engine.ask(asked.message(arriving=True), _Arriving(work))
    return made


class _Arriving:
    """A Listener: the share shown never falls back, and what is ready is kept with the job for its page."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._most = 0.0
        self._parts: list[tuple[str, str]] = []

    def __call__(self, done: float, note: str = "") -> None:
        self._most = max(self._most, done)
        self._work.progress(self._most, note)

    def arrived(self, kind: str, body: bytes) -> None:
        self._parts.append((kind, body.decode()))
        self._work.keep(PARTS, json.dumps(self._parts).encode())
