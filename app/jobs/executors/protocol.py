"""Where the forward passes of jobs are done: in the engine process (local.py), or where another executor does them."""

from __future__ import annotations

from threading import Event
from typing import Protocol, TypeVar

from ..._library import explainers
from ...engine.messages import Message
from ...engine.schemas import ModelOut

A = TypeVar("A")


class JobEngine(Protocol):
    """The engine for one job: nobody waits for it, so whoever does wait is let in between two batches.

    Every call blocks; it raises Cancelled once the job is to stop, UnknownModel, ModelFailed, EngineDied and the
    library's errors. It waits for a model that is still loading.
    """

    def ready(self, model: str) -> ModelOut: ...

    def ask(self, message: Message[A], progress: explainers.Progress = explainers.silent) -> A:
        """progress: called now and then, in the thread that asks."""
        ...


class Executor(Protocol):
    slots: int  # shards of one job that are worth running at the same time

    def engine(self, stopped: Event) -> JobEngine:
        """For one job, which is to stop when the event is set."""
        ...

    def close(self) -> None: ...
