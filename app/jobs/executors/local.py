"""The engine process as jobs see it: asked over its socket, from any thread, and waited for while it restarts."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

from ..._library import explainers
from ...engine.client import SocketEngine
from ...engine.contract import Listener
from ...engine.messages import Message, Priority
from ...engine.schemas import ModelOut
from ...errors import EngineBusy, EngineLoading

T = TypeVar("T")
LOOK_EVERY = 0.1  # seconds between two looks whether the job is to stop
KNOCK_EVERY = 0.2
PATIENCE = 600.0  # for an engine that is started, seconds


class LocalExecutor:
    """Keeps one connection to the engine that listens at `address`, whichever process that is just now."""

    slots = 1

    def __init__(self, address: Path) -> None:
        self.address = address
        self.client = SocketEngine(priority=Priority.BACKGROUND, patience=PATIENCE)
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._serve, daemon=True)
        self._thread.start()

    def engine(self, stopped: Event) -> WaitingEngine:
        return WaitingEngine(self.client, self.loop, stopped)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _serve(self) -> None:
        self._task = self.loop.create_task(self._stay_connected())
        try:
            self.loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            self.loop.close()

    async def _stay_connected(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(str(self.address))
            except OSError:
                await asyncio.sleep(KNOCK_EVERY)
                continue
            await self.client.run(reader, writer)


class _Heard:
    """Parts and newest progress of an answer, kept by the loop's thread until the one that waits passes them on."""

    def __init__(self, progress: explainers.Progress) -> None:
        self._progress = progress
        self._last: tuple[float, str] | None = None
        self._parts: deque[tuple[str, bytes]] = deque()

    def __call__(self, done: float, note: str = "") -> None:
        self._last = (done, note)

    def arrived(self, kind: str, body: bytes) -> None:
        self._parts.append((kind, body))

    def tell(self) -> None:
        with suppress(explainers.Cancelled):  # which the next look sees, and stops the engine
            while self._parts and isinstance(self._progress, Listener):
                self._progress.arrived(*self._parts.popleft())
            if self._last is not None:
                self._progress(*self._last)


class WaitingEngine:
    """The asynchronous client of another thread's loop, for a caller that waits."""

    def __init__(self, client: SocketEngine, loop: asyncio.AbstractEventLoop, stopped: Event) -> None:
        self._client = client
        self._loop = loop
        self._stopped = stopped

    def ready(self, model: str) -> ModelOut:
        return self._wait(partial(self._client.ready, model))

    def ask(self, message: Message[T], progress: explainers.Progress = explainers.silent) -> T:
        heard = _Heard(progress)
        return self._wait(partial(self._client.ask, message, progress=heard), heard)

    def _wait(self, ask: Callable[[], Coroutine[Any, Any, T]], heard: _Heard | None = None) -> T:
        """An engine that is just being restarted is asked again; one that died over this question raises EngineDied."""
        while True:
            future = asyncio.run_coroutine_threadsafe(ask(), self._loop)
            try:
                return self._answer(future, heard)
            except (EngineLoading, EngineBusy):
                if self._stopped.wait(KNOCK_EVERY):
                    raise explainers.Cancelled("the job was asked to stop") from None

    def _answer(self, future: Future[T], heard: _Heard | None) -> T:
        while True:
            try:
                return future.result(LOOK_EVERY)
            except CancelledError:
                raise explainers.Cancelled("the job was asked to stop") from None
            except TimeoutError:
                if future.done():  # the question's own error
                    raise
                if self._stopped.is_set():
                    future.cancel()
                elif heard is not None:
                    heard.tell()
