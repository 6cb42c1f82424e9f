"""Equal questions in flight share one run; a run without anybody waiting is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")


class NotYet(Exception):
    """The time that somebody would wait is over."""


@dataclass
class _Flight:
    task: asyncio.Task[Any]
    waiting: int = 0


@dataclass
class Flights:
    _running: dict[str, _Flight] = field(default_factory=dict)

    async def share(self, key: str, work: Callable[[], Coroutine[Any, Any, T]], *, wait: float) -> T:
        """The work's result; raises NotYet after `wait` seconds, and is stopped unless others wait for it."""
        flight = self._running.get(key)
        if flight is None:
            flight = self._running[key] = _Flight(asyncio.create_task(work()))
            flight.task.add_done_callback(partial(self._landed, key, flight))
        flight.waiting += 1
        try:
            await asyncio.wait({flight.task}, timeout=wait)
            if not flight.task.done():
                raise NotYet
            result: T = flight.task.result()
            return result
        finally:
            flight.waiting -= 1
            if not flight.waiting:
                # Forgotten at once: whoever asks the same now must not be handed the cancelled run.
                self._forget(key, flight)
                flight.task.cancel()

    def _forget(self, key: str, flight: _Flight) -> None:
        if self._running.get(key) is flight:
            del self._running[key]

    def _landed(self, key: str, flight: _Flight, task: asyncio.Task[Any]) -> None:
        self._forget(key, flight)
        if not task.cancelled():
            task.exception()  # read, so that one nobody waited for is not reported as lost

    async def stop(self) -> None:
        tasks = [flight.task for flight in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
