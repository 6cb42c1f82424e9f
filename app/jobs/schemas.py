from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field, field_serializer

from ..schemas import Record
from ..store.job_states import State
from ..web.addresses import in_links


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

    @field_serializer("result")
    def _with_addresses(self, result: dict[str, Any] | None) -> dict[str, Any] | None:
        return in_links(result)


class JobsPage(Record):
    jobs: tuple[JobOut, ...]
    next: str | None = None  # the cursor of the following page
