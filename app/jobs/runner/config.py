from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Config:
    """What a job runner is told at its start."""

    settings: dict[str, Any]  # Settings, as JSON
    engine: str | None  # the path of its socket, where there is one

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
