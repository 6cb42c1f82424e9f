from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from ..schemas import Record, Request


class HistoryEntry(Record):
    """A question that was asked; its result lies at /panels/{key}, /explanations/{key} or /generations/{key}."""

    key: str
    kind: Literal["panel", "explanation", "generation"]
    text: str
    text_pair: str | None = None
    model: str
    method: str | None = None  # of a single explanation
    label: str
    probability: float | None
    note: str = ""
    created: datetime  # when it was last asked


class HistoryPage(Record):
    entries: tuple[HistoryEntry, ...]
    next: str | None = None  # the cursor of the following page


class NoteRequest(Request):
    note: Annotated[str, Field(max_length=2000)]
