"""The hourly sweep: what a deletion that was cut short left, and texts that are older than they may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from ..settings import Settings
from ..store.database import Store
from ..store.files import underway
from ..store.forgetting import clear_away
from ..store.results import now
from ..store.upkeep.orphans import clear_orphans
from ..store.upkeep.retention import sweep

EVERY = 3600.0  # seconds
DAY = 24 * 3600 * 1_000_000  # microseconds
LOG = structlog.get_logger("retention")


@asynccontextmanager
async def forgetting(settings: Settings, store: Store) -> AsyncIterator[None]:
    """At the start and every hour; texts only where the settings say how long they are kept."""
    days = settings.retention_days
    task = asyncio.create_task(_forget(settings, store, None if days is None else round(days * DAY)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _forget(settings: Settings, store: Store, kept: int | None) -> None:
    while True:
        try:
            await asyncio.to_thread(_clear, settings, store)
            if kept is not None:
                await _sweep(store, kept)
        except Exception as error:  # the next hour tries again; the server goes on
            LOG.error("sweep failed", error=type(error).__name__)
        await asyncio.sleep(EVERY)


def _clear(settings: Settings, store: Store) -> None:
    """Clear the remains of deletions and of processes that were killed."""
    underway.clear(settings.data)
    clear_orphans(store)
    clear_away(store)


async def _sweep(store: Store, kept: int) -> None:
    gone = await asyncio.to_thread(sweep, store, now() - kept)
    LOG.info("swept", results=gone.results, datasets=gone.datasets, jobs=gone.jobs)
