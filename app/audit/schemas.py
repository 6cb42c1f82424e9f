from __future__ import annotations

from typing import Any

from pydantic import Field

from ..jobs.schemas import JobOut
from ..schemas import Record


class AuditOut(Record):
    """An audit: how far its job is and, once it is done, everything that it found."""

    job: JobOut
    sha256: str | None = Field(None, description="Over the content, as canonical JSON.")
    content: dict[str, Any] | None = None
    run: dict[str, Any] | None = Field(None, description="Who ran it and when: outside the hash.")


class AuditsOut(Record):
    audits: tuple[JobOut, ...]
    next: str | None = None
