"""One thread of work from a queue with priorities. A running piece lets a more urgent one in between its batches."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass, field
from itertools import count
from threading import Condition, Event
from typing import Any

from .._library import explainers
from ..errors import TooLong
from .figures import Figures
from .messages import Priority

NOTES_A_SECOND = 10.0
IDLE = 10.0  # seconds without work after which memory is given back


@dataclass(order=True)
class Job:
    """`run` is given the progress callback; the future gets what it returns or raises."""

    priority: Priority
    order: int
    run: Callable[[explainers.Progress], Any] = field(compare=False)
    report: Callable[[float, str], None] = field(compare=False)
    arrived: Callable[[str, bytes], None] = field(compare=False)
    future: Future[Any] = field(compare=False, default_factory=Future)
    stopped: Event = field(compare=False, default_factory=Event)


class WorkQueue:
    def __init__(
        self,
        *,
        seconds: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
        figures: Figures | None = None,
        rest: Callable[[], None] = lambda: None,
        idle: float = IDLE,
    ) -> None:
        """rest: called, in the thread of the work, each time that nothing was asked for `idle` seconds after work."""
        self.seconds = seconds
        self.clock = clock
        self.figures = figures or Figures()
        self.busy_since: float | None = None  # start of the batch that runs now
        self._jobs: list[Job] = []
        self._order = count()
        self._ready = Condition()
        self._closed = False
        self._rest = rest
        self._idle = idle

    def submit(
        self,
        run: Callable[[explainers.Progress], Any],
        *,
        priority: Priority,
        report: Callable[[float, str], None] = lambda done, note: None,
        arrived: Callable[[str, bytes], None] = lambda kind, body: None,
    ) -> Job:
        """report, arrived: the two halves of a Listener."""
        with self._ready:
            job = Job(priority, next(self._order), run, report, arrived)
            heapq.heappush(self._jobs, job)
            self._ready.notify()
        return job

    def serve(self) -> None:
        """Works until closed; call it in the thread that is to do the work."""
        while (job := self._next_or_rest()) is not None:
            self._run(job)

    def close(self) -> None:
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def _next_or_rest(self) -> Job | None:
        with self._ready:
            asked = self._ready.wait_for(lambda: self._jobs or self._closed, self._idle)
        if not asked:
            self._rest()
        return self._next()

    def _next(self) -> Job | None:
        with self._ready:
            self._ready.wait_for(lambda: self._jobs or self._closed)
            return None if self._closed else heapq.heappop(self._jobs)

    def _more_urgent(self, than: Priority) -> Job | None:
        with self._ready:
            return heapq.heappop(self._jobs) if self._jobs and self._jobs[0].priority < than else None

    def _run(self, job: Job) -> None:
        if job.stopped.is_set():
            job.future.cancel()
        if not job.future.set_running_or_notify_cancel():
            return
        self.busy_since = self.clock()
        pace = _Pace(self, job)
        try:
            # What listens to the passes of the work that lets this in is not to hear of this one's.
            job.future.set_result(Context().run(self._counted, job, pace))
        except BaseException as error:  # every end of a job is an answer; the thread goes on
            job.future.set_exception(error)
        finally:
            pace.ends()
            self.busy_since = None

    def _counted(self, job: Job, pace: _Pace) -> Any:
        with explainers.heard_by(self.figures.batch):
            return job.run(pace)


class _Pace:
    """The Listener of one job: stops it, lets others in, and tells how far it is."""

    def __init__(self, queue: WorkQueue, job: Job) -> None:
        self.queue = queue
        self.job = job
        # Who waits is told in time; what nobody waits for may take as long as it takes, and can be cancelled.
        self.left = queue.seconds if job.priority < Priority.BACKGROUND else math.inf
        self.resumed = queue.clock()
        self.told = -1.0

    def __call__(self, done: float, note: str = "") -> None:
        now = self.ends()
        if self.job.stopped.is_set():
            raise explainers.Cancelled("the caller is gone")
        if self.left < 0:
            raise TooLong(f"the explanation was stopped after {self.queue.seconds:g} s")
        while (other := self.queue._more_urgent(self.job.priority)) is not None:
            self.queue._run(other)
        if now - self.told > 1 / NOTES_A_SECOND:
            self.told = now
            self.job.report(done, note)
        self.resumed = self.queue.busy_since = self.queue.clock()

    def arrived(self, kind: str, body: bytes) -> None:
        self.job.arrived(kind, body)

    def ends(self) -> float:
        """Charge the time since the last call to the job's allowance and the metrics; return the time now."""
        now = self.queue.clock()
        self.left -= now - self.resumed
        self.queue.figures.stretch(self.job.priority, now - self.resumed)
        return now
