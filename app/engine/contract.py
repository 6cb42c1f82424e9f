"""What the application may ask of the engine, and what it gets. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Protocol, TypeAlias

import numpy as np

from .._library import explainers
from .schemas import ModelOut

Text: TypeAlias = str | tuple[str, str]  # one text, or a pair
FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


class Priority(IntEnum):
    """The lower number runs first; a running higher number lets it in between two batches."""

    PREDICTION = 0  # somebody waits for one forward pass
    EXPLANATION = 1  # somebody waits for one explanation
    BACKGROUND = 2  # nobody waits


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation as it travels: an Attribution as JSON values, its arrays as compressed safetensors."""

    record: dict[str, Any]
    arrays: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExplainedPanel:
    """A Panel as JSON values; the arrays of each method by its name."""

    record: dict[str, Any]
    arrays: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)


class EngineClient(Protocol):
    """The engine as the web process sees it.

    Every question raises the library's errors, EngineLoading before the model is there, EngineBusy when too many
    wait, EngineDied when the process ends meanwhile, and TooLong at the wall-clock cap. Cancelling the awaiting
    task stops the work between two batches.
    """

    @property
    def waiting(self) -> int:
        """Questions that wait or run."""
        ...

    @property
    def starts(self) -> int:
        """Engine processes so far."""
        ...

    def models(self) -> tuple[ModelOut, ...]: ...

    async def predict(
        self, model: str, questions: Sequence[explainers.Question]
    ) -> tuple[explainers.Prediction, ...]: ...

    async def scores(self, model: str, texts: Sequence[Text]) -> FloatArray:
        """Logits (texts, labels) of many texts; nobody waits for them, so others are let in between two batches."""
        ...

    async def explain(
        self,
        model: str,
        question: explainers.Question,
        *,
        method: str,
        options: Mapping[str, Any],
        measures: Sequence[str] = (),
    ) -> Explained: ...

    async def panel(
        self, model: str, question: explainers.Question, *, methods: Sequence[str] | None
    ) -> ExplainedPanel: ...

    async def register(self, path: str) -> ModelOut:
        """Starts loading a folder. Raises BadModel with the reason."""
        ...

    async def forget(self, model: str) -> None: ...

    async def figures(self) -> bytes:
        """What the engine counts, as Prometheus reads it; nothing while there is none."""
        ...

    async def ready(self, model: str) -> ModelOut:
        """The model once it is loaded. Raises UnknownModel, EngineLoading, BadModel."""
        ...
