"""One job from its row to its result, a shard at a time. Knows nothing of how it is made durable."""

from __future__ import annotations

import hashlib
import json
import shutil
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from threading import Event, Lock
from typing import Any

import structlog
from sqlalchemy.orm import Session

from ..._library import explainers
from ...errors import NO_ROOM, AppError, EngineDied, StorageFailed, storage_error
from ...store import jobs
from ...store.database import Store
from ...store.job_states import FINAL, State
from ...store.results import now
from ...store.tables import Job
from ..executors.protocol import Executor
from .kinds import Kind, kind_of
from .work import Work

MOST_DEATHS = 5  # of the engine within one shard, until the job is given up
LOG = structlog.get_logger("jobs")


class Failed(AppError):
    """A job cannot go on."""

    code = "job_failed"


@dataclass
class Execution:
    """Runs jobs of a store. Each method may be called again after the process was killed within it."""

    store: Store
    executor: Executor
    kinds: Callable[[str], Kind] = kind_of
    data: Path = Path()
    device: str = "auto"
    scratch: Path = field(default_factory=lambda: Path(gettempdir()))  # where each job has a folder for its files
    _running: dict[str, tuple[Kind, Work]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def run(self, id: str) -> None:
        """From start to end, for a caller without durable steps."""
        shards = self.begin(id)
        for first in range(0, shards or 0, self.executor.slots):
            if not self.shards(id, first, min(shards or 0, first + self.executor.slots)):
                break
        self.finish(id)

    def begin(self, id: str) -> int | None:
        """How many shards there are; None where nothing is to be done."""
        job = self.store.commit(partial(_start, id=id))
        if job is None:
            return None
        if job.shards is not None:
            return job.shards

        def count(kind: Kind, work: Work) -> int:
            found = kind.shards(work)
            work.commit(partial(jobs.change, id=id, shards=found))
            return found

        counted: int | None = self._guarded(id, count)
        return counted

    def shards(self, id: str, first: int, stop: int) -> bool:
        """Does the shards from first to before stop that are not stored. False where the job has ended meanwhile."""
        stored = self.store.query(partial(jobs.shards_done, job=id, first=first, stop=stop))
        missing = sorted(set(range(first, stop)) - stored)
        while missing:
            able = self._able(id, missing)
            if not able or not self._at_once(id, able):
                return False
            missing = missing[len(able) :]
        return True

    def _able(self, id: str, missing: list[int]) -> list[int]:
        """Missing shards whose prerequisites are stored; none where the job has ended."""

        def choose(kind: Kind, work: Work) -> list[int]:
            return [shard for shard in missing if kind.after(work, shard) <= missing[0]]

        return self._guarded(id, choose) or []

    def _at_once(self, id: str, shards: list[int]) -> bool:
        if len(shards) == 1:
            return self._shard(id, shards[0])
        with ThreadPoolExecutor(len(shards)) as pool:
            return all(pool.map(partial(self._shard, id), shards))

    def finish(self, id: str) -> None:
        def conclude(kind: Kind, work: Work) -> dict[str, Any]:
            work.check()
            result = kind.finish(work)
            self._end(id, State.DONE, result=json.dumps(result))
            return result

        if self.store.query(partial(_active, id=id)):
            self._guarded(id, conclude)
        self._forget(id)

    def stop(self, id: str) -> None:
        """Asks a job to stop; one that is not in hand has ended with that."""
        with self._lock:
            known = self._running.get(id)
        if known is not None:
            known[1].stopped.set()

    def fail(self, id: str, error: BaseException) -> None:
        code, detail = described(error)
        self._end(id, State.FAILED, error_code=code, error=detail)
        LOG.error("job failed", job=id, code=code)

    def _shard(self, id: str, shard: int) -> bool:
        def work_on(kind: Kind, work: Work) -> bool:
            body = self._despite_deaths(kind, work, shard)
            key = shard_key(kind.name, work.request.model_dump_json(), shard)
            work.commit(partial(jobs.add_shard, job=id, shard=shard, key=key, body=body))
            return True

        if not self.store.query(partial(_active, id=id)):
            return False
        return bool(self._guarded(id, work_on))

    def _despite_deaths(self, kind: Kind, work: Work, shard: int) -> bytes:
        for _ in range(MOST_DEATHS):
            LOG.info("shard", job=work.id, shard=shard)
            try:
                return kind.run(work, shard)
            except EngineDied:
                continue
        raise Failed(f"the engine ended {MOST_DEATHS} times while it worked on the same shard")

    def _guarded(self, id: str, action: Callable[[Kind, Work], Any]) -> Any:
        """The result of the action; None where the job was cancelled or failed, which its row says then."""
        try:
            kind, work = self._work(id)
            work.check()
            return action(kind, work)
        except explainers.Cancelled:
            self._end(id, State.CANCELLED)
        except StorageFailed:  # no fault of the job: whoever runs it starts anew where it stands
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise storage_error(error) or error from error
            if self.store.query(partial(jobs.state_of, id=id)) == State.CANCELLING:  # it went with what it worked on
                self._end(id, State.CANCELLED)
            else:
                self.fail(id, error)
        return None

    def _work(self, id: str) -> tuple[Kind, Work]:
        with self._lock:
            if id not in self._running:
                self._running[id] = self._new_work(id)
            return self._running[id]

    def _new_work(self, id: str) -> tuple[Kind, Work]:
        job = self.store.query(partial(jobs.find, id=id))
        if job is None or job.request == jobs.FORGOTTEN:
            raise explainers.Cancelled("the job was deleted")
        kind, stopped = self.kinds(job.kind), Event()
        if job.state == State.CANCELLING:
            stopped.set()
        request = kind.Request.model_validate_json(job.request)
        return kind, Work(
            id, job.project, request, self.store, self.executor.engine(stopped), stopped, self.data, self.device,
            self.scratch,
        )  # fmt: skip

    def _end(self, id: str, state: State, **values: Any) -> None:
        self.store.commit(partial(jobs.end, id=id, state=state, **values))
        self._forget(id)

    def _forget(self, id: str) -> None:
        with self._lock:
            known = self._running.pop(id, None)
        if known is not None and "folder" in vars(known[1]):
            shutil.rmtree(known[1].folder, ignore_errors=True)


def shard_key(kind: str, request: str, shard: int) -> str:
    return hashlib.sha256(json.dumps([kind, request, shard]).encode()).hexdigest()


def described(error: BaseException) -> tuple[str, str]:
    """Code and message; an error nobody raised on purpose is told without its text, which may quote what was typed."""
    if isinstance(error, AppError | explainers.ExplainersError):
        return error.code, str(error)[:2000]
    LOG.error("unexpected", error=type(error).__name__, at=traceback.format_tb(error.__traceback__)[-3:])
    return "internal", f"the job runner failed with {type(error).__name__}"


def _start(session: Session, id: str) -> Job | None:
    job = jobs.locked(session, id)
    if job is None or job.state in FINAL:
        return None
    if job.state == State.QUEUED:
        jobs.change(session, id, state=State.RUNNING, started=now())
    return job


def _active(session: Session, id: str) -> bool:
    state = jobs.state_of(session, id)
    return state is not None and state not in FINAL
