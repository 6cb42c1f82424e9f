from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Config:
    """What a job runner is told at its start."""

    data: str
    inline_array: int
    engine: str  # the path of its socket
    database: str | None = None

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
