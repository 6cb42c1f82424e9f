"""The engine as the web process sees it: questions go out on a socket, answers come back by number."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from .._library import explainers
from ..errors import AppError, EngineBusy, EngineDied, EngineLoading, ModelFailed, UnknownModel
from ..store.arrays import unpack
from .contract import Explained, ExplainedPanel, FloatArray, Priority, Text
from .errors import from_wire
from .frames import frame, read_frame
from .schemas import ModelOut

PING_EVERY = 1.0  # seconds
SHORTEST_SILENCE = 30.0  # seconds without an answer of any kind until the process counts as stuck
LONGEST_LOOK = 2.0  # seconds until figures are left out
BESIDE = ("figures",)  # answered beside the work
RESTART_WAIT = 30.0  # a request that comes while a dead engine is restarted waits for it


class SocketEngine:
    """Attached to one engine process after another; see supervisor.py."""

    def __init__(
        self,
        expected: Sequence[ModelOut] = (),
        *,
        queue_size: int = 32,
        priority: Priority | None = None,
        patience: float = 0.0,
        silence: float | None = None,
    ) -> None:
        """priority: of everything asked here. patience: seconds to wait for an engine at its first start.

        silence: seconds after which an engine that answers nothing at all counts as stuck; None: never.
        """
        self.silence = silence
        self._priority = priority
        self._patience = patience
        self._told = False  # an engine has said which models it has
        self._models: dict[str, ModelOut] = {state.id: state for state in expected}
        self._queue_size = queue_size
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listening: dict[int, explainers.Progress] = {}
        self._numbers = count(1)
        self._changed = asyncio.Event()
        self._was_ready = False
        self.starts = 0  # engine processes that were there
        self.registered: list[str] = []  # for the next engine process, should this one end

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def models(self) -> tuple[ModelOut, ...]:
        return tuple(self._models.values())

    async def predict(self, model: str, questions: Sequence[explainers.Question]) -> tuple[explainers.Prediction, ...]:
        await self.ready(model)
        asked = [question.model_dump() for question in questions]
        found = await self._ask("predict", priority=self._of(Priority.PREDICTION), model=model, questions=asked)
        return tuple(explainers.Prediction.model_validate(each) for each in found)

    async def scores(self, model: str, texts: Sequence[Text]) -> FloatArray:
        await self.ready(model)
        return unpack(await self._ask("scores", priority=Priority.BACKGROUND, model=model, texts=list(texts)))

    async def explain(
        self,
        model: str,
        question: explainers.Question,
        *,
        method: str,
        options: Mapping[str, Any],
        measures: Sequence[str] = (),
        progress: explainers.Progress | None = None,
    ) -> Explained:
        await self.ready(model)
        asked = {
            "question": question.model_dump(),
            "method": method,
            "options": dict(options),
            "measures": list(measures),
        }
        urgency = self._of(Priority.EXPLANATION)
        return Explained(**await self._ask("explain", progress=progress, priority=urgency, model=model, **asked))

    async def panel(
        self,
        model: str,
        question: explainers.Question,
        *,
        methods: Sequence[str] | None,
        progress: explainers.Progress | None = None,
    ) -> ExplainedPanel:
        await self.ready(model)
        asked = {"question": question.model_dump(), "methods": None if methods is None else list(methods)}
        urgency = self._of(Priority.EXPLANATION)
        return ExplainedPanel(**await self._ask("panel", progress=progress, priority=urgency, model=model, **asked))

    async def register(self, path: str) -> ModelOut:
        found = ModelOut.model_validate(await self._ask("register", path=path))
        if path not in self.registered:
            self.registered.append(path)
        self._models = {**self._models, found.id: found}  # the engine tells of it only after its answer
        return found

    async def forget(self, model: str) -> None:
        state = self._models.get(model)
        if state is not None and state.source in self.registered:
            self.registered.remove(state.source)
        await self._ask("forget", model=model)

    async def figures(self) -> bytes:
        try:
            async with asyncio.timeout(LONGEST_LOOK):
                return bytes(await self._ask("figures"))
        except (AppError, TimeoutError):
            return b""

    async def ready(self, model: str) -> ModelOut:
        """While an engine that had been ready is restarted, this waits; at the first start it raises."""
        try:
            async with asyncio.timeout(max(self._patience, RESTART_WAIT if self._was_ready else 0)):
                while (state := self._known(model)) is None or state.status == "loading":
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise EngineLoading(f"the model {model} is loading") from None
        if state.status == "failed":
            raise ModelFailed(f"the model {model} could not be loaded: {state.reason}")
        return state

    def _known(self, model: str) -> ModelOut | None:
        """None before any engine has said what there is."""
        if model not in self._models and (self._told or not self._patience):
            raise UnknownModel(model, list(self._models))
        return self._models.get(model)

    def _of(self, usual: Priority) -> Priority:
        return usual if self._priority is None else self._priority

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Takes answers until the engine ends, or says nothing for too long; what waits then fails with EngineDied."""
        self._writer = writer
        self.starts += 1
        pinging = asyncio.create_task(_ping(writer, every=self.silence and min(PING_EVERY, self.silence / 4)))
        try:
            while True:
                async with asyncio.timeout(self.silence):
                    message = await read_frame(reader)
                self._take(message)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, ValueError):
            pass
        finally:
            pinging.cancel()
            self._lost()
            writer.close()

    def _lost(self) -> None:
        self._writer = None
        self._models = {
            name: state.model_copy(update={"status": "loading"}) if state.status == "ready" else state
            for name, state in self._models.items()
        }
        self._changed.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(EngineDied("the engine process ended while it worked on this request"))
        self._waiting.clear()

    def give_up(self, reason: str) -> None:
        """Says why no model becomes ready. An engine that starts after all puts it right."""
        self._models = {
            name: state.model_copy(update={"status": "failed", "reason": reason})
            for name, state in self._models.items()
        }
        self._changed.set()

    async def _ask(self, op: str, *, progress: explainers.Progress | None = None, **content: Any) -> Any:
        """progress: told in this loop how far the engine is."""
        if self._writer is None:
            raise EngineLoading("the engine is starting")
        if len(self._waiting) >= self._queue_size and op not in BESIDE:
            raise EngineBusy(f"{len(self._waiting)} requests wait for the engine already")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        if progress is not None:
            self._listening[number] = progress
        self._writer.write(frame({"id": number, "op": op, **content}))
        try:
            return await answer
        except asyncio.CancelledError:
            if self._writer is not None:
                self._writer.write(frame({"id": number, "op": "cancel"}))
            raise
        finally:
            self._waiting.pop(number, None)
            self._listening.pop(number, None)

    def _take(self, message: dict[str, Any]) -> None:
        if "status" in message:
            states = [ModelOut.model_validate(each) for each in message["status"]]
            self._models = {state.id: state for state in states}
            self._told = True
            self._was_ready = self._was_ready or any(state.status == "ready" for state in states)
            self._changed.set()
            return
        if "progress" in message and (listener := self._listening.get(int(message["id"]))) is not None:
            listener(*message["progress"])
        answer = self._waiting.get(int(message["id"]))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(from_wire(message["error"]["code"], message["error"]["message"]))
        elif "result" in message:
            answer.set_result(message["result"])


async def _ping(writer: asyncio.StreamWriter, *, every: float | None) -> None:
    """Asks whether the process still runs at all: it answers beside its work, also while a batch takes long."""
    while every and not writer.is_closing():
        writer.write(frame({"id": 0, "op": "ping"}))
        await asyncio.sleep(every)
