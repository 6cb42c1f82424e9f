"""The processes beside the web: the engine and the job runner, watched and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from ._library import explainers
from .engine.client import SHORTEST_SILENCE, SocketEngine
from .engine.engine import expected
from .engine.messages import Forget, Register
from .engine.supervisor import Supervisor, private_address
from .errors import AppError
from .jobs.runner.supervisor import RunnerSupervisor
from .jobs.runner.turn import is_held
from .settings import Settings
from .store import models as registered
from .store.database import Store
from .store.job_condition import RunnerCondition

FOLLOW_EVERY = 5.0  # seconds until a process has a model that was registered by another
WATCH_EVERY = 10.0  # seconds between two looks whether a worker elsewhere is at work
LOG = structlog.get_logger("processes")


@asynccontextmanager
async def supervised_engine(
    settings: Settings, store: Store, runner: RunnerCondition | None = None
) -> AsyncIterator[SocketEngine]:
    """The engine process and the job runner, from here until the server stops. They load while the pages answer.

    runner: kept up to date with what the job runner does.
    """
    embedded = (*explainers.embedded_names(), *explainers.fetched_names()) if settings.embedded else ()
    remembered = [path for path in await registered.paths(store) if path not in map(str, settings.sources)]
    sources = [*map(str, settings.sources), *remembered]
    client = SocketEngine(
        expected(embedded=embedded, sources=sources),
        queue_size=settings.queue_size,
        silence=max(SHORTEST_SILENCE, 2 * settings.explanation_seconds),
    )
    client.registered += remembered
    with private_address() as address:
        supervisors = [Supervisor(settings, client, embedded=embedded, address=address).run()]
        if settings.runner:
            supervisors.append(RunnerSupervisor(settings, engine=address, condition=runner).run())
        elif runner is not None:
            supervisors.append(_watching(settings, store, runner))
        async with _running([*supervisors, _following(settings, store, client)]):
            yield client


async def work(settings: Settings, store: Store) -> None:
    """The job runner with an engine of its own or a Ray cluster, until cancelled."""
    if settings.executor == "ray":
        await RunnerSupervisor(settings, engine=None).run()
        return
    async with supervised_engine(settings.model_copy(update={"runner": True}), store):
        await asyncio.Event().wait()


async def _watching(settings: Settings, store: Store, runner: RunnerCondition) -> None:
    """Looks whether a worker elsewhere is at work; without one jobs are told to wait."""
    while True:
        await asyncio.sleep(WATCH_EVERY)
        try:
            before = runner.halt
            runner.looked(found=await store.answered(partial(is_held, store.engine, settings.data)))
            if runner.halt is not None and before is None:
                LOG.error("jobs are not being run", reason=runner.halt.inside)
        except (AppError, DBAPIError, OSError) as error:  # told where it is asked for
            LOG.warning("worker not looked for", error=type(error).__name__)


async def _following(settings: Settings, store: Store, client: SocketEngine) -> None:
    while True:
        await asyncio.sleep(FOLLOW_EVERY)
        try:
            await follow(settings, store, client)
        except AppError as error:  # the database or the engine is away: they come back
            LOG.warning("models not followed", reason=error.code)


async def follow(settings: Settings, store: Store, client: SocketEngine) -> None:
    """Takes over what jobs registered and other processes removed since."""
    own = [str(path) for path in settings.sources]
    wanted = [path for path in await registered.paths(store) if path not in own]
    for path in wanted:
        if path not in client.registered:
            try:
                await client.ask(Register(path=path))
            except explainers.BadModel as error:
                client.registered.append(path)  # not asked again; a job that needs it says why
                LOG.warning("model refused", path=path, reason=str(error))
    for state in client.models():
        if state.source in client.registered and state.source not in wanted:
            await client.ask(Forget(model=state.id))


@asynccontextmanager
async def _running(supervisors: list[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(supervisor) for supervisor in supervisors]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
