"""What the engine says of a model, and of a text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, computed_field

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
    labels_left_out: int = Field(0, description="Further classes, in a list of models; the model's address has all.")
    head: explainers.Head = "single"
    task: Literal["text", "word"] = "text"  # one class of the text, or one of every word
    offers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    device: str = "cpu"  # where it computes: cpu or cuda
    maximum_length: int | None = None
    card: dict[str, Any] | None = None
    assumed: tuple[explainers.Notice, ...] = ()  # how its outputs are read where its configuration does not say


class ExplanationRecord(explainers.Attribution):
    """An explanation as its JSON has it: reading it back leaves `residual` out and computes it again."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def residual(self) -> list[float] | None:  # type: ignore[override]
        """f(x) − f(baseline) − Σ scores, one number a target."""
        gap = super().residual
        return None if gap is None else [float(number) for number in gap]
