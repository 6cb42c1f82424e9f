from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field, field_serializer

from ..schemas import Record
from ..store.job_states import State
from ..web.addresses import in_links

ENOUGH = 0.05  # of a job that must be done before its end can be told


class JobError(Record):
    code: str
    detail: str


class JobOut(Record):
    """Long work: how far it is, and what came of it."""

    id: str
    kind: str
    title: str
    state: State
    priority: int = Field(description="The lower number runs first.")
    attempt: int = Field(description="Counts up with every retry.")
    version: int = Field(description="Counts up with every change; the id of the event that tells of it.")
    shards: int | None = Field(description="Pieces whose results are stored one by one; null before it starts.")
    done: int = Field(description="Shards whose results are stored.")
    progress: float = Field(description="0 to 1.")
    note: str = ""
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    result: dict[str, Any] | None = Field(
        None, description="Counts, and links to what came of it; of some kinds earlier."
    )
    error: JobError | None = None

    def running(self, now: datetime) -> float | None:
        """Seconds that it has run, or ran; None before it began."""
        return None if self.started is None else ((self.finished or now) - self.started).total_seconds()

    def left(self, now: datetime) -> float | None:
        """Seconds that it still takes, about, if it goes on as it did; None while too little is done to say."""
        ran = self.running(now)
        if self.state is not State.RUNNING or ran is None or not ENOUGH <= self.progress < 1:
            return None
        return ran * (1 - self.progress) / self.progress

    @field_serializer("result")
    def _with_addresses(self, result: dict[str, Any] | None) -> dict[str, Any] | None:
        return in_links(result)


class JobsPage(Record):
    jobs: tuple[JobOut, ...]
    next: str | None = None  # the cursor of the following page
