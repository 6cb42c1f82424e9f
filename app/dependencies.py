"""What every route may use, and how long it may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from .engine.contract import EngineClient
from .errors import ClientGone
from .explain.flights import Flights
from .logging import Fingerprint
from .settings import Settings
from .store.database import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: EngineClient
    store: Store
    fingerprint: Fingerprint
    flights: Flights = field(default_factory=Flights)


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def project_of() -> str:
    """The project whose results a request sees. Without log-ins there is one."""
    return "default"


ServicesDep = Annotated[Services, Depends(services_of)]
ProjectDep = Annotated[str, Depends(project_of)]


async def while_connected(request: Request, work: Coroutine[None, None, T]) -> T:
    """The work's result, or its cancellation as soon as the caller has gone. The body must have been read."""
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        gone.cancel()
        task.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
