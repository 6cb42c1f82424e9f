from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..engine.schemas import ModelOut
from ..schemas import Record, Request


class ModelsOut(Record):
    models: tuple[ModelOut, ...]


class KServeModelOut(ModelOut):
    """Also the answer of the KServe V1 readiness route, which asks for `name` and `ready`."""

    name: str
    ready: bool


class Registration(Request):
    """Request of a job that registers a model: a folder, and the folders in one of which it has to lie."""

    path: str
    roots: tuple[str, ...]


class RegisterRequest(Request):
    path: Annotated[str, Field(min_length=1, max_length=4096)] = Field(
        description="A model folder on the server's disk, inside one of the allowed roots."
    )
