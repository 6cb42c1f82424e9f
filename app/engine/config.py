"""Configuration of an engine process, one line of JSON at its start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True)
class Config:
    listen: int  # the inherited descriptor of the listening socket, or of one that is connected
    sources: list[str]  # model folders
    embedded: list[str]
    seconds: float
    threads: int | None = None
    memory: int | None = None
    model_memory: int | None = None  # bytes of weights that are kept loaded
    device: str = "auto"
    failed: dict[str, str] = field(default_factory=dict)  # folders and embedded models not to be loaded: the reason
    names: dict[str, str] = field(default_factory=dict)  # ids of folders
    apart: bool = True  # large folders get processes of their own
    connected: bool = False
    kept: str | None = None  # folder of models that are made of other files

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"
