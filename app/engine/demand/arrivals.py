"""Answers that a page asked for and did not wait for: under way, with the parts that are there already.

Held in the memory of the process that was asked, until the answer is stored; what was stopped or has failed stays a
while, so that its page can say so.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

MOST_ENDED = 50  # arrivals that were stopped or have failed and are still told of
TOLD_FOR = 900.0  # seconds after their end


@dataclass
class Arrival:
    """A Listener of the engine. `asked` is the question; `parts` are kinds and JSON, in the order of their coming."""

    asked: Any
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    ended: float | None = None
    share: float = 0.0
    note: str = ""
    parts: list[tuple[str, bytes]] = field(default_factory=list)
    error: Exception | None = None
    stopped: bool = False
    _task: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def __call__(self, done: float, note: str = "") -> None:
        self.share, self.note = max(self.share, done), note

    def arrived(self, kind: str, body: bytes) -> None:
        self.parts.append((kind, body))
        self._news.set()

    @property
    def seconds(self) -> float:
        """Since it was asked for."""
        return (self.ended or self.clock()) - self.began

    async def first_news(self, *, within: float) -> None:
        """Returns with the first part, at the end, or when the time is over. Raises what the work raised."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._news.wait()
        if self.error is not None:
            raise self.error

    async def end(self, *, within: float) -> None:
        """Waits for the end of the work. Raises what the work raised."""
        assert self._task is not None
        await asyncio.wait({self._task}, timeout=within)
        if self.error is not None:
            raise self.error


@dataclass
class Arrivals:
    _known: dict[str, Arrival] = field(default_factory=dict)

    def begin(self, name: str, asked: Any, work: Callable[[Arrival], Coroutine[Any, Any, Any]]) -> Arrival:
        """The arrival of this name that is under way, or a new one."""
        if self.is_under_way(name):
            return self._known[name]
        arrival = self._known[name] = Arrival(asked)
        arrival._task = asyncio.create_task(self._carried(name, arrival, work))
        return arrival

    def is_under_way(self, name: str) -> bool:
        known = self._known.get(name)
        return known is not None and known.ended is None

    def find(self, name: str) -> Arrival | None:
        self._forget_old()
        return self._known.get(name)

    def stop(self, name: str) -> bool:
        """Whether there was something to stop."""
        arrival = self._known.get(name)
        if arrival is None or arrival.ended is not None or arrival._task is None:
            return False
        arrival.stopped = True
        return arrival._task.cancel()

    def drop(self, name: str) -> bool:
        """Stops it and tells of it no more. False where there is none of this name."""
        self.stop(name)
        return self._known.pop(name, None) is not None

    async def close(self) -> None:
        tasks = [arrival._task for arrival in self._known.values() if arrival._task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _carried(self, name: str, arrival: Arrival, work: Callable[[Arrival], Coroutine[Any, Any, Any]]) -> None:
        try:
            await work(arrival)
        except asyncio.CancelledError:
            arrival.stopped = True
        except Exception as error:  # told by the page of what was asked for
            arrival.error = error
        finally:
            arrival.ended = arrival.clock()
            arrival._news.set()
            if not arrival.stopped and arrival.error is None and self._known.get(name) is arrival:
                del self._known[name]

    def _forget_old(self) -> None:
        ended = [name for name, arrival in self._known.items() if arrival.ended is not None]
        old = {name for name in ended if self._told_long(self._known[name])} | set(ended[:-MOST_ENDED])
        for name in old:
            del self._known[name]

    def _told_long(self, arrival: Arrival) -> bool:
        return arrival.ended is not None and arrival.clock() - arrival.ended > TOLD_FOR
