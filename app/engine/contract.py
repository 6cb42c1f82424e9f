"""The engine as the web process sees it. No torch."""

from __future__ import annotations

from typing import Protocol, TypeVar, runtime_checkable

from .._library import explainers
from .messages import Message
from .schemas import ModelOut

A = TypeVar("A")


@runtime_checkable
class Listener(explainers.Progress, Protocol):
    """Progress that also hears what is ready before the rest of an answer."""

    def arrived(self, kind: str, body: bytes) -> None:
        """kind: `prediction` or `explanation`. body: its JSON."""
        ...


class EngineClient(Protocol):
    @property
    def waiting(self) -> int:
        """Questions that wait or run."""
        ...

    @property
    def starts(self) -> int:
        """Engine processes so far."""
        ...

    def models(self) -> tuple[ModelOut, ...]: ...

    async def ask(self, message: Message[A], *, progress: explainers.Progress | None = None) -> A:
        """The answer. progress: told how far the engine is; a Listener also of the parts of a panel that arrives.

        Raises the library's errors, UnknownModel and ModelFailed, EngineLoading before the model is there, EngineBusy
        when too many wait, EngineDied when the process ends meanwhile, and TooLong at the wall-clock cap. Cancelling
        the awaiting task stops the work between two batches.
        """
        ...

    async def ready(self, model: str) -> ModelOut:
        """The model once it is loaded. Raises UnknownModel, EngineLoading, ModelFailed."""
        ...
