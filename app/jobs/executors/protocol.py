"""Where the forward passes of jobs are done: in the engine process (local.py), or where another executor does them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Any, Protocol

from ..._library import explainers
from ...engine.contract import Explained, ExplainedPanel, FloatArray, Text
from ...engine.schemas import ModelOut


class JobEngine(Protocol):
    """The engine for one job: nobody waits for it, so whoever does wait is let in between two batches.

    Every call blocks; it raises Cancelled once the job is to stop, UnknownModel, ModelFailed, EngineDied and the
    library's errors. It waits for a model that is still loading.
    """

    def ready(self, model: str) -> ModelOut: ...

    def register(self, path: str) -> ModelOut:
        """Starts loading a folder; `ready` waits for it."""
        ...

    def forget(self, model: str) -> None: ...

    def predict(self, model: str, questions: Sequence[explainers.Question]) -> tuple[explainers.Prediction, ...]: ...

    def scores(self, model: str, texts: Sequence[Text]) -> FloatArray:
        """Logits (texts, labels) of many texts at once: full batches, several times as fast as `predict`."""
        ...

    def explain(
        self,
        model: str,
        question: explainers.Question,
        *,
        method: str,
        options: Mapping[str, Any],
        measures: Sequence[str] = (),
        progress: explainers.Progress = explainers.silent,
    ) -> Explained:
        """progress: called now and then, in the thread that asks."""
        ...

    def panel(
        self,
        model: str,
        question: explainers.Question,
        *,
        methods: Sequence[str] | None,
        progress: explainers.Progress = explainers.silent,
    ) -> ExplainedPanel: ...


class Executor(Protocol):
    slots: int  # shards of one job that are worth running at the same time

    def engine(self, stopped: Event) -> JobEngine:
        """For one job, which is to stop when the event is set."""
        ...

    def close(self) -> None: ...
