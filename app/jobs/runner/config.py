from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Config:
    """The configuration that a job runner is given at its start."""

    settings: dict[str, Any]  # Settings, as JSON
    engine: str | None  # the path of its socket, where there is one
    tell: int | None = None  # the inherited descriptor for what the runner has to say of itself

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
