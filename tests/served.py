"""The application with an engine in this process: the same work queue, no socket, models whose answer is known."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

import explainers
from app.engine.contract import Explained, ExplainedPanel, FloatArray, Priority, Text
from app.engine.engine import Engine
from app.engine.schemas import ModelOut
from app.engine.work import WorkQueue
from app.errors import EngineLoading, ModelFailed, UnknownModel
from app.main import create_app
from app.settings import Settings
from app.store.database import Store
from explainers.testing import LinearModel

WEIGHTS = {"good": (-1.0, 1.0), "gorgeous": (-2.0, 2.0), "bad": (1.5, -1.5), "not": (0.5, -0.5)}


class LocalEngine:
    """An EngineClient around an Engine in a thread of this process; counts what it was asked."""

    def __init__(self, load: Callable[[str], Any], names: Sequence[str], *, seconds: float = 60.0) -> None:
        self.engine = Engine(load)
        self.work = WorkQueue(seconds=seconds)
        self.asked: list[str] = []
        for state in self.engine.announced(embedded=names, sources=()):
            self.engine.load(state)
        threading.Thread(target=self.work.serve, daemon=True).start()

    starts = 1

    @property
    def waiting(self) -> int:
        return len(self.work._jobs) + (self.work.busy_since is not None)

    def models(self) -> tuple[ModelOut, ...]:
        return self.engine.models()

    async def predict(self, model: str, questions: Sequence[explainers.Question]) -> tuple[explainers.Prediction, ...]:
        await self.ready(model)
        return await self._ask("predict", lambda progress: self.engine.predict(model, questions), Priority.PREDICTION)

    async def scores(self, model: str, texts: Sequence[Text]) -> FloatArray:
        await self.ready(model)
        run = lambda progress: self.engine.scores(model, texts, progress=progress)  # noqa: E731
        return await self._ask("scores", run, Priority.BACKGROUND)

    async def explain(self, model: str, question: explainers.Question, **asked: Any) -> Explained:
        await self.ready(model)

        def run(progress: explainers.Progress) -> Explained:
            return self.engine.explain(model, question, **asked, progress=progress)

        return await self._ask("explain", run, Priority.EXPLANATION)

    async def panel(
        self, model: str, question: explainers.Question, *, methods: Sequence[str] | None
    ) -> ExplainedPanel:
        await self.ready(model)

        def run(progress: explainers.Progress) -> ExplainedPanel:
            return self.engine.panel(model, question, methods=methods, progress=progress)

        return await self._ask("panel", run, Priority.EXPLANATION)

    async def register(self, path: str) -> ModelOut:
        return self.engine.load(self.engine.announce(path, embedded=False))

    async def forget(self, model: str) -> None:
        self.engine.forget(model)

    async def figures(self) -> bytes:
        return self.work.figures.text()

    async def ready(self, model: str) -> ModelOut:
        known = {state.id: state for state in self.models()}
        if model not in known:
            raise UnknownModel(model, list(known))
        if known[model].status == "loading":
            raise EngineLoading(f"the model {model} is loading")
        if known[model].status == "failed":
            raise ModelFailed(str(known[model].reason))
        return known[model]

    async def _ask(self, op: str, run: Callable[[explainers.Progress], Any], priority: Priority) -> Any:
        self.asked.append(op)
        job = self.work.submit(run, priority=priority)
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.stopped.set()
            raise


def linear(name: str) -> LinearModel:
    model = LinearModel(WEIGHTS)
    model.id = name
    model.digest = f"digest of {name}"
    return model


def served(
    data: Path,
    *,
    load: Callable[[str], Any] = linear,
    names: Sequence[str] = ("sentiment",),
    seconds: float = 60.0,
    **settings: Any,
) -> tuple[FastAPI, list[LocalEngine]]:
    """The application, and the engines that it made: one at each start. There is no job runner."""
    settings = {"interactive_seconds": 1e9, **settings}
    engines: list[LocalEngine] = []

    @asynccontextmanager
    async def engine(chosen: Settings, store: Store) -> AsyncIterator[LocalEngine]:
        engines.append(LocalEngine(load, names, seconds=seconds))
        yield engines[-1]
        engines[-1].work.close()

    return create_app(Settings(data=data, **settings), engine=engine), engines
