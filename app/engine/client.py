"""The engine as the web process sees it: questions go out on a socket, answers come back by number."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar

from .._library import explainers
from ..errors import EngineBusy, EngineDied, EngineLoading, ModelFailed, UnknownModel
from .contract import Listener
from .errors import from_wire
from .frames import frame, read_frame
from .messages import Asking, Forget, Load, Message, Priority, Register
from .schemas import ModelOut

A = TypeVar("A")
PING_EVERY = 1.0  # seconds
SHORTEST_SILENCE = 30.0  # seconds without an answer of any kind until the process counts as stuck
LOADING_WAIT = 10.0  # of a request for a model that is not loaded, until it is told that the model loads
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
        self.loading: tuple[str, ...] = ()  # ids of the models that the engine process was loading when last heard of
        self.registered: list[str] = []  # for the next engine process, should this one end

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def models(self) -> tuple[ModelOut, ...]:
        return tuple(self._models.values())

    async def ask(self, message: Message[A], *, progress: explainers.Progress | None = None) -> A:
        """progress: told in this loop how far the engine is."""
        if isinstance(message, Asking):
            return await self._asked(message, progress)
        if isinstance(message, Forget):
            self.registered = [path for path in self.registered if path != self._source(message.model)]
        answer = message.read(await self._sent(message, progress))
        if isinstance(message, Register) and isinstance(answer, ModelOut):
            self.registered = [*dict.fromkeys((*self.registered, message.path))]
            self._models = {**self._models, answer.id: answer}  # the engine tells of it only after its answer
        return answer

    async def _asked(self, message: Asking[A], progress: explainers.Progress | None) -> A:
        """Ask a model that is loaded, once more where it left the memory meanwhile."""
        await self.ready(message.model)
        try:
            return message.read(await self._sent(message, progress))
        except EngineLoading:
            await self.ready(message.model)
            return message.read(await self._sent(message, progress))

    def _source(self, model: str) -> str | None:
        state = self._models.get(model)
        return None if state is None else state.source

    async def ready(self, model: str) -> ModelOut:
        """Has an idle model loaded. Waits for that, and while an engine that had been ready is restarted; at the first
        start it raises."""
        try:
            async with asyncio.timeout(max(self._patience, self._usual_wait(model))):
                while (state := self._known(model)) is None or state.status in ("loading", "idle"):
                    if state is not None and state.status == "idle":
                        woken = ModelOut.model_validate(await self._sent(Load(model=model), None))
                        self._models = {**self._models, model: woken}
                        continue
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise EngineLoading(f"the model {model} is loading") from None
        if state.status == "failed":
            raise ModelFailed(f"the model {model} could not be loaded: {state.reason}")
        return state

    def _usual_wait(self, model: str) -> float:
        state = self._known(model)
        if state is not None and state.status == "idle":
            return LOADING_WAIT
        return RESTART_WAIT if self._was_ready else 0.0

    def _known(self, model: str) -> ModelOut | None:
        """None before any engine has said what there is."""
        if model not in self._models and (self._told or not self._patience):
            raise UnknownModel(model, list(self._models))
        return self._models.get(model)

    def _urgency(self, message: Asking[Any]) -> Priority:
        return message.urgency if self._priority is None else self._priority

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
            name: state.model_copy(update={"status": "loading"}) if state.can_be_asked else state
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

    async def _sent(self, message: Message[Any], progress: explainers.Progress | None) -> Any:
        """The answer as it travels."""
        if self._writer is None:
            raise EngineLoading("the engine is starting")
        if len(self._waiting) >= self._queue_size and isinstance(message, Asking):
            raise EngineBusy(f"{len(self._waiting)} requests wait for the engine already")
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        if progress is not None:
            self._listening[number] = progress
        urgency = {"priority": self._urgency(message)} if isinstance(message, Asking) else {}
        self._writer.write(frame({"id": number, **urgency, **message.to_wire()}))
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
            self.loading = tuple(message.get("loading", ()))
            self._told = True
            self._was_ready = self._was_ready or any(state.status == "ready" for state in states)
            self._changed.set()
            return
        if "progress" in message and (listener := self._listening.get(int(message["id"]))) is not None:
            listener(*message["progress"])
        if "part" in message and isinstance(hearing := self._listening.get(int(message["id"])), Listener):
            hearing.arrived(*message["part"])
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
