from __future__ import annotations

from typing import Any

from pydantic import Field

from ..jobs.schemas import JobOut
from ..schemas import Record


class AuditOut(Record):
    """An audit: how far its job is, what the predictions say as soon as they are made and, once it is done, all."""

    job: JobOut
    sha256: str | None = Field(None, description="Over the content, as canonical JSON; only of a whole one.")
    content: dict[str, Any] | None = Field(None, description="Without words and examples until the job is done.")
    run: dict[str, Any] | None = Field(None, description="Who ran it and when: outside the hash.")


class AuditsOut(Record):
    audits: tuple[JobOut, ...]
    next: str | None = None
