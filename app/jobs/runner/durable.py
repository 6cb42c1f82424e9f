"""Jobs as durable workflows: DBOS remembers which steps are behind a job and goes on there after any death.

Web stores a row; the runner finds it, and enqueues a workflow under the job's id. A step is as many shards as run at
the same time. A step that was in hand when the process died is done again; it finds the shards that are stored, and
does the others.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig, Serializer, SetEnqueueOptions, SetWorkflowID
from sqlalchemy import make_url

from ...store import jobs
from ...store.job_states import State
from ...store.tables import Job
from ..lifeline import Lifeline
from ..workflows import prepare, told_of_workflows
from .execution import Execution, Failed

T = TypeVar("T")
NAME = "whence"
AT_ONCE = 4  # jobs in hand: a short one does not wait for a long one
QUEUES = {"jobs": AT_ONCE, "prompt": 2, "training": 1}  # each with its jobs in hand
QUEUE_OF = {
    "explanation": "prompt",
    "registration": "prompt",
    "taught": "training",
    "training": "training",
}  # every other kind: jobs
LOOK_EVERY = 0.25  # seconds between two looks for new jobs and for those to cancel
MOST_RECOVERIES = 50  # deaths of the runner that one attempt at a job survives


class Json(Serializer):
    """The default is pickle, which runs what it reads."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return "json"


class Durable:
    """One for a process: the workflows are registered where the library keeps them for the whole process."""

    def __init__(self, execution: Execution, url: str, lifeline: Lifeline | None = None) -> None:
        self.execution = execution
        self.lifeline = lifeline or Lifeline()
        self.url = make_url(url)
        self._given: set[str] = set()  # workflows that this process has enqueued
        with told_of_workflows(self.url):
            prepare(self.url)
        config: DBOSConfig = {
            "name": NAME,
            "system_database_url": url,
            "application_version": "1",  # by default a hash of the code: an upgrade would leave its jobs behind
            "executor_id": "runner",  # the same after every start, so that its jobs are found again
            "serializer": Json(),
            "log_level": "WARNING",
            "use_listen_notify": False,
        }
        DBOS(config=config)
        self._register()

    def start(self) -> None:
        """Goes on with what was in hand when the last runner ended."""
        with told_of_workflows(self.url):
            DBOS.launch()
            for name, at_once in QUEUES.items():
                DBOS.register_queue(
                    name, worker_concurrency=at_once, polling_interval_sec=LOOK_EVERY, on_conflict="always_update"
                )
            self._take_up_orphans()

    def serve(self, sign: Path) -> None:
        """Until the process ends: enqueues new jobs, stops cancelled ones, and touches `sign` to show it."""
        begun = False
        while True:
            self._or_end(self.look)
            self._or_end(sign.touch)
            if not begun:
                self.lifeline.at_work()
            begun = True
            time.sleep(LOOK_EVERY)

    def look(self) -> None:
        store = self.execution.store
        for job in store.query(partial(jobs.in_states, states=[State.QUEUED, State.CANCELLING])):
            if job.state == State.CANCELLING:
                self.execution.stop(job.id)
            elif workflow_id(job) not in self._given:
                self._enqueue(job)

    def _enqueue(self, job: Job) -> None:
        asked = SetWorkflowID(workflow_id(job)), SetEnqueueOptions(priority=max(1, job.priority))
        with told_of_workflows(self.url), asked[0], asked[1]:
            DBOS.enqueue_workflow(QUEUE_OF.get(job.kind, "jobs"), self._workflow, job.id)
        self._given.add(workflow_id(job))

    def _register(self) -> None:
        execution = self.execution

        @DBOS.step(name="begin")
        def begin(id: str) -> list[int | None]:
            return [self._or_end(partial(execution.begin, id)), execution.executor.slots]

        @DBOS.step(name="shards")
        def shards(id: str, first: int, stop: int) -> bool:
            return self._or_end(partial(execution.shards, id, first, stop))

        @DBOS.step(name="finish")
        def finish(id: str) -> None:
            self._or_end(partial(execution.finish, id))

        @DBOS.workflow(name="job", max_recovery_attempts=MOST_RECOVERIES)
        def job(id: str) -> None:
            # The order of the steps must be the same each time: so the slots of the first time stay.
            count, slots = begin(id)
            for first in range(0, count or 0, slots or 1):
                if not shards(id, first, min(count or 0, first + (slots or 1))):
                    break
            finish(id)

        self._workflow = job

    def _take_up_orphans(self) -> None:
        """Jobs in hand whose workflow is gone or was given up: a database that was put back, a death too many."""
        for job in self.execution.store.query(partial(jobs.in_states, states=[State.RUNNING, State.CANCELLING])):
            known = DBOS.get_workflow_status(workflow_id(job))
            if known is None:
                self._enqueue(job)
            elif known.status not in ("PENDING", "ENQUEUED", "DELAYED"):
                self.execution.fail(job.id, Failed(f"the job runner ended {MOST_RECOVERIES} times while it ran"))

    def _or_end(self, step: Callable[[], T]) -> T:
        """The step's result. What a job cannot be blamed for, such as a database that is away, ends the process: it is
        started again, and goes on with the same step. An error that got out would end the workflow instead."""
        try:
            return step()
        except BaseException as error:
            self.lifeline.end(error)


def sign_of_life(data: Path) -> Path:
    """Touched with every look for jobs."""
    return data / "runner.alive"


def workflow_id(job: Job) -> str:
    """Another one for each attempt, also where the job of this id was removed and asked for again."""
    return f"{job.id}-{job.created}-{job.attempt}"
