from __future__ import annotations

from datetime import datetime

from ..schemas import Record


class LogLine(Record):
    at: datetime
    project: str
    who: str  # a key's id or a user of the proxy
    via: str  # key, session, proxy; local for a command
    action: str
    target: str
    status: int  # of the answer; 0 for a command


class LogPage(Record):
    lines: tuple[LogLine, ...]  # newest first
    next: str | None = None
