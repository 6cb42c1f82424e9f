from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .._library import explainers
from ..schemas import Record, Request

Status = Literal["loading", "ready", "failed"]


class ModelOut(Record):
    """A model and what it can be asked. Before it is ready only `id`, `source`, `status` and `reason` are known."""

    id: str
    title: str
    status: Status
    reason: str | None = None  # why it failed
    source: str | None = None  # the folder; None for an embedded model
    embedded: bool = False
    digest: str = ""
    labels: tuple[str, ...] = ()
    head: explainers.Head = "single"
    task: Literal["text", "word"] = "text"  # one class of the text, or one of every word
    offers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    device: str = "cpu"  # where it computes: cpu or cuda
    maximum_length: int | None = None
    card: dict[str, Any] | None = None


class ModelsOut(Record):
    models: tuple[ModelOut, ...]


class KServeModelOut(ModelOut):
    """Also the answer of the KServe V1 readiness route, which asks for `name` and `ready`."""

    name: str
    ready: bool


class Registration(Request):
    """What the job is told: a folder, and the folders in one of which it has to lie."""

    path: str
    roots: tuple[str, ...]


class RegisterRequest(Request):
    path: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="A model folder on the server's disk, inside one of the allowed roots."
    )
