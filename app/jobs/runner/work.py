"""The work that a kind is handed: its request, the store, the engine, and how to tell how far it is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from tempfile import gettempdir
from threading import Event
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from ..._library import explainers
from ...store import jobs
from ...store.database import Store
from ..executors.protocol import JobEngine

T = TypeVar("T")
TOLD_EVERY = 1.0  # seconds between two notes of progress in the database


@dataclass(frozen=True)
class Work:
    id: str
    project: str
    request: Any  # the kind's Request
    store: Store
    engine: JobEngine
    stopped: Event
    data: Path = Path()  # the data folder of this machine: what has to lie on a disk for longer than the job
    device: str = "auto"  # as WHENCE_DEVICE has it
    scratch: Path = field(default_factory=lambda: Path(gettempdir()))
    clock: Callable[[], float] = time.monotonic
    _told: list[float] = field(default_factory=lambda: [0.0])

    @cached_property
    def folder(self) -> Path:
        """A private folder for files under way; it is gone when the job ends. What is to stay: `keep`."""
        folder = self.scratch / f"job-{self.id}"
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def progress(self, done: float, note: str = "") -> None:
        """done: of the shard in hand, 0 to 1. Raises Cancelled when the job is to stop."""
        self.check()
        now = self.clock()
        if now - self._told[0] < TOLD_EVERY:
            return
        self._told[0] = now
        self.commit(partial(jobs.change, id=self.id, part=min(1.0, max(0.0, done)), note=note[:200]))

    def commit(self, change: Callable[[Session], T], *, job: str | None = None) -> T:
        """Stores something for this job, or for another. What was deleted meanwhile is not written again: raises
        Cancelled instead."""

        def unless_forgotten(session: Session) -> T:
            if any(jobs.is_forgotten(session, each) for each in {self.id, job or self.id}):
                raise explainers.Cancelled("the job was deleted")
            return change(session)

        return self.store.commit(unless_forgotten)

    def check(self) -> None:
        if self.stopped.is_set():
            raise explainers.Cancelled("the job was asked to stop")

    def keep(self, name: str, source: Path | bytes, *, job: str | None = None) -> None:
        """Stores a file with this job or another; service.file and /v1/jobs/{id}/files/{name} give it back."""
        owner = job or self.id
        self.commit(partial(jobs.add_file, job=owner, name=name, parts=_parts(source)), job=owner)

    def kept(self, name: str, *, job: str | None = None) -> Iterator[bytes]:
        """The parts of a file stored with this job or another; none where there is no such file."""
        number = 0
        while body := self.store.query(partial(jobs.file_part, job=job or self.id, name=name, part=number)):
            yield body
            number += 1

    def so_far(self, result: Mapping[str, Any]) -> None:
        """Store an interim result of the job; the final result of the job takes its place."""
        self.commit(partial(jobs.change, id=self.id, result=json.dumps(result)))

    def results(self) -> Iterator[bytes]:
        """Results of `run` for the stored shards, in order."""
        yield from map(self.result, sorted(self.store.query(partial(jobs.shards_done, job=self.id))))

    def result(self, shard: int) -> bytes:
        """The result of one shard, which must be stored."""
        body = self.store.query(partial(jobs.shard_body, job=self.id, shard=shard))
        if body is None:
            raise explainers.Cancelled("the job was deleted")
        return body


def _parts(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield from (source[start : start + jobs.PART] for start in range(0, max(1, len(source)), jobs.PART))
        return
    with source.open("rb") as file:
        first = file.read(jobs.PART)
        yield first
        while part := file.read(jobs.PART):
            yield part
