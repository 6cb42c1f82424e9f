"""What the engine says of a model."""

from __future__ import annotations

from typing import Any, Literal

from .._library import explainers
from ..schemas import Record

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
    # What it says: a class of the text, one of every word, a continuation, or how similar two texts are.
    task: Literal["text", "word", "tokens", "similarity"] = "text"
    offers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    device: str = "cpu"  # where it computes: cpu or cuda
    maximum_length: int | None = None
    card: dict[str, Any] | None = None
    assumed: tuple[explainers.Notice, ...] = ()  # how its outputs are read where its configuration does not say
