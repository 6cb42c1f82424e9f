"""Jobs run in this process: an executor around a local engine, no socket and no workflows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import Any, TypeVar, cast

import explainers
from app.engine.contract import Listener
from app.engine.engine import Engine, Loader
from app.engine.messages import Asking, Forget, Message, Register
from app.engine.schemas import ModelOut
from app.errors import EngineDied, ModelFailed
from app.jobs.runner.execution import Execution
from app.store.database import Store
from tests.served import linear

A = TypeVar("A")


class InlineExecutor:
    """Counts what is asked; `deaths` questions find an engine that ends."""

    def __init__(
        self,
        *,
        slots: int = 1,
        deaths: int = 0,
        before: Callable[[], None] = lambda: None,
        load: Loader | None = linear,
        sources: Sequence[str] = (),
        names: Sequence[str] = ("sentiment",),
    ) -> None:
        self.slots = slots
        self.deaths = deaths
        self.before = before
        self.asked: list[str] = []
        self.models = Engine(load)
        for state in self.models.announced(embedded=() if sources else names, sources=sources):
            self.models.load(state)

    def engine(self, stopped: Event) -> InlineEngine:
        return InlineEngine(self, stopped)

    def close(self) -> None:
        pass


class InlineEngine:
    def __init__(self, executor: InlineExecutor, stopped: Event) -> None:
        self.executor = executor
        self.stopped = stopped

    def ready(self, model: str) -> ModelOut:
        found = next(state for state in self.executor.models.models() if state.id == model)
        if found.status == "failed":
            raise ModelFailed(f"the model {model} could not be loaded: {found.reason}")
        return found

    def ask(self, message: Message[A], progress: explainers.Progress = explainers.silent) -> A:
        if isinstance(message, Register):
            return cast(A, self.executor.models.load(self.executor.models.announce(message.path, embedded=False)))
        if isinstance(message, Forget):
            return cast(A, self.executor.models.forget(message.model))
        assert isinstance(message, Asking)
        self._begin(message.op())
        return message.read(self.executor.models.ask(message, _Both(self, progress)))

    def _begin(self, what: str) -> None:
        self.executor.before()
        self.executor.asked.append(what)
        if self.executor.deaths:
            self.executor.deaths -= 1
            raise EngineDied("the engine process ended")
        self._progress(0.0)

    def _progress(self, done: float, note: str = "") -> None:
        if self.stopped.is_set():
            raise explainers.Cancelled("the job was asked to stop")


class _Both:
    """A Listener: stops the work when the job is to stop, and passes everything on."""

    def __init__(self, engine: InlineEngine, progress: explainers.Progress) -> None:
        self._engine = engine
        self._listener = progress

    def __call__(self, done: float, note: str = "") -> None:
        self._engine._progress(done, note)
        self._listener(done, note)

    def arrived(self, kind: str, body: bytes) -> None:
        if isinstance(self._listener, Listener):
            self._listener.arrived(kind, body)


def execution(store: Store, **executor: Any) -> Execution:
    return Execution(store, InlineExecutor(**executor))
