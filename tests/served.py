"""The application with an engine in this process: the same work queue, no socket, models whose answer is known."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

from fastapi import FastAPI

import explainers
from app.engine.contract import Listener
from app.engine.engine import Engine
from app.engine.messages import Asking, Count, Forget, Message, Register
from app.engine.schemas import ModelOut
from app.engine.work import Job, WorkQueue
from app.errors import EngineLoading, ModelFailed, UnknownModel
from app.main import create_app
from app.settings import Settings
from app.store.database import Store
from explainers.testing import LinearModel

A = TypeVar("A")
WEIGHTS = {"good": (-1.0, 1.0), "gorgeous": (-2.0, 2.0), "bad": (1.5, -1.5), "not": (0.5, -0.5)}


class LocalEngine:
    """An EngineClient around an Engine in a thread of this process; counts what it was asked."""

    def __init__(self, load: Callable[[str], Any], names: Sequence[str], *, seconds: float = 60.0) -> None:
        self.engine = Engine(load)
        self.work = WorkQueue(seconds=seconds)
        self.asked: list[str] = []
        self.jobs: list[Job] = []
        for state in self.engine.announced(embedded=names, sources=()):
            self.engine.load(state)
        threading.Thread(target=self.work.serve, daemon=True).start()

    starts = 1

    @property
    def waiting(self) -> int:
        return len(self.work._jobs) + (self.work.busy_since is not None)

    def models(self) -> tuple[ModelOut, ...]:
        return self.engine.models()

    async def ask(self, message: Message[A], *, progress: explainers.Progress | None = None) -> A:
        if isinstance(message, Register):
            found: Any = self.engine.load(self.engine.announce(message.path, embedded=False))
        elif isinstance(message, Forget):
            found = self.engine.forget(message.model)
        elif isinstance(message, Count):
            found = self.work.figures.text()
        else:
            assert isinstance(message, Asking)
            await self.ready(message.model)
            return message.read(await self._worked(message, progress))
        return cast(A, found)

    async def ready(self, model: str) -> ModelOut:
        known = {state.id: state for state in self.models()}
        if model not in known:
            raise UnknownModel(model, list(known))
        if known[model].status == "loading":
            raise EngineLoading(f"the model {model} is loading")
        if known[model].status == "failed":
            raise ModelFailed(str(known[model].reason))
        return known[model]

    async def _worked(self, message: Asking[Any], progress: explainers.Progress | None) -> Any:
        self.asked.append(message.op())
        job = self.work.submit(
            partial(self.engine.ask, message), priority=message.urgency, **_heard_in_this_loop(progress)
        )
        self.jobs.append(job)
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.stopped.set()
            raise


def _heard_in_this_loop(progress: explainers.Progress | None) -> dict[str, Any]:
    """What the work says in its thread, passed on in the loop that asked, as the socket would."""
    if progress is None:
        return {}
    loop = asyncio.get_running_loop()
    listener = progress
    heard: dict[str, Any] = {"report": lambda *told: loop.call_soon_threadsafe(listener, *told)}
    if isinstance(progress, Listener):
        arrived = progress.arrived
        heard["arrived"] = lambda *part: loop.call_soon_threadsafe(arrived, *part)
    return heard


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
