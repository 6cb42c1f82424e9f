"""The engine's descriptions of a model and of a text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, computed_field

from .._library import explainers
from ..schemas import Record

Status = Literal["idle", "loading", "ready", "failed"]


class ModelOut(Record):
    """A model and what it can be asked.

    An idle one is loaded when it is asked for: until then only what its folder says is known (`labels`, `head`, `task`,
    `assumed`, `memory`), or everything where it was ready before. Of one that loads for the first time and of one that
    failed, only `id`, `source`, `status` and `reason`.
    """

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
    # What it says: a text's class, one of every word, a continuation, how similar two texts are, a picture's class,
    # or what it hears.
    task: Literal["text", "word", "tokens", "similarity", "image", "speech"] = "text"
    offers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    device: str = "cpu"  # where it computes: cpu or cuda
    maximum_length: int | None = None
    card: dict[str, Any] | None = None
    assumed: tuple[explainers.Notice, ...] = ()  # how its outputs are read where its configuration does not say
    memory: int | None = Field(None, description="Bytes of its weights as 32-bit floats.")

    @property
    def can_be_asked(self) -> bool:
        return self.status in ("ready", "idle")

    @property
    def classifies_texts(self) -> bool:
        return self.task == "text" and self.head != "regression"


class ExplanationRecord(explainers.Attribution):
    """An explanation as its JSON has it: reading it back leaves `residual` out and computes it again."""

    @computed_field  # type: ignore[prop-decorator]
    @property
    def residual(self) -> list[float] | None:  # type: ignore[override]
        """f(x) − f(baseline) − Σ scores, one number a target."""
        gap = super().residual
        return None if gap is None else [float(number) for number in gap]
