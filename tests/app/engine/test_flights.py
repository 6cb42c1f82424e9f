"""Equal questions in flight share one run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from app.engine.flights import Flights, NotYet


class Work:
    """Counts its runs; ends when released."""

    def __init__(self) -> None:
        self.runs = 0
        self.cancelled = 0
        self.release = asyncio.Event()

    async def __call__(self) -> int:
        self.runs += 1
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return self.runs


def in_a_loop(test: Any) -> Any:
    def run() -> None:
        coroutine: Coroutine[Any, Any, None] = test()
        asyncio.run(coroutine)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@in_a_loop
async def test_equal_questions_share_one_run() -> None:
    """Both get the same answer, and a third one later runs anew."""
    flights, work = Flights(), Work()
    both = [asyncio.create_task(flights.share("k", work, wait=5)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    work.release.set()

    assert await asyncio.gather(*both) == [1, 1]
    assert await flights.share("k", work, wait=5) == 2


@in_a_loop
async def test_one_who_leaves_does_not_stop_the_other() -> None:
    """The run ends with the last who waits."""
    flights, work = Flights(), Work()
    leaves, stays = (asyncio.create_task(flights.share("k", work, wait=5)) for _ in range(2))
    await asyncio.sleep(0.01)
    leaves.cancel()
    await asyncio.sleep(0.01)
    assert work.cancelled == 0

    work.release.set()
    assert await stays == 1


@in_a_loop
async def test_a_run_without_anybody_waiting_is_stopped() -> None:
    """And whoever asks right then gets a run of their own."""
    flights, work = Flights(), Work()
    leaves = asyncio.create_task(flights.share("k", work, wait=5))
    await asyncio.sleep(0.01)
    leaves.cancel()
    await asyncio.sleep(0)
    late = asyncio.create_task(flights.share("k", work, wait=5))
    await asyncio.sleep(0.01)
    work.release.set()

    assert await late == 2
    assert work.cancelled == 1


@in_a_loop
async def test_whoever_does_not_wait_any_longer_stops_it_unless_others_wait() -> None:
    """A job does what is left; it would only hold up the engine."""
    flights, work = Flights(), Work()
    stays = asyncio.create_task(flights.share("k", work, wait=5))
    with pytest.raises(NotYet):
        await flights.share("k", work, wait=0.01)
    assert work.cancelled == 0
    work.release.set()

    assert await stays == 1
    assert (work.runs, work.cancelled) == (1, 0)


@in_a_loop
async def test_the_last_who_waits_takes_the_run_along() -> None:
    """When his time is over."""
    flights, work = Flights(), Work()
    with pytest.raises(NotYet):
        await flights.share("k", work, wait=0.01)
    await asyncio.sleep(0)

    assert (work.runs, work.cancelled) == (1, 1)
