"""A model card that lies in a model folder: shown where it has the form of our own, and otherwise left alone."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import BadModel
from .contents import read_object


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class _Figure(_Part):
    name: str
    metric: str
    value: float
    low: float
    high: float
    texts: int
    goal: float | None = None


class _File(_Part):
    path: str
    rows: int
    sha256: str


class _Base(_Part):
    model: str
    files: dict[str, str] = {}


class _Adapter(_Part):
    method: str
    sha256: str


class _Parent(_Part):
    """The model that this one was made of."""

    id: str
    title: str = ""
    digest: str


class _Step(_Part):
    do: str
    told: str = ""


class _Card(_Part):
    title: str
    description: str = ""
    intended_use: str = ""
    limits: list[str] = []
    language: str = ""
    labels: list[str]
    maximum_length: int = Field(ge=8, le=1_000_000)
    base: _Base | None = None
    adapter: _Adapter | None = None
    parent: _Parent | None = None
    steps: list[_Step] = []
    seed: int
    figures: list[_Figure] = []
    trained_on: list[_File] = []
    libraries: dict[str, str] = {}


def card_in(folder: Path) -> dict[str, Any] | None:
    """The card of a folder that a training or a compression wrote; None where there is none, or another kind."""
    path = folder / "card.json"
    if path.is_file():
        with suppress(BadModel, ValidationError):
            return _Card.model_validate(read_object(path)).model_dump()
    return None
