"""What every route may use, and how long it may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from fastapi.params import Depends as DependsOn

from .access.scopes import LOCAL, Caller, Scope
from .engine.contract import EngineClient
from .errors import ClientGone, NotAllowed
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
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # the server ends: streams end with it


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(services_of)]


async def caller_of(request: Request, services: ServicesDep) -> Caller:
    """Who asks. In local mode everybody who reaches the server is its owner."""
    return LOCAL


CallerDep = Annotated[Caller, Depends(caller_of)]


def project_of(caller: CallerDep) -> str:
    """The project whose results a request sees: another project's are not there."""
    return caller.project


ProjectDep = Annotated[str, Depends(project_of)]


@dataclass(frozen=True, slots=True)
class Needs:
    """Lets callers with a scope through; None lets everybody through, also strangers."""

    scope: Scope | None

    def __call__(self, caller: CallerDep) -> None:
        if self.scope is not None and not caller.may(self.scope):
            held = ", ".join(sorted(caller.scopes))
            raise NotAllowed(f"this needs the scope {self.scope.value!r}; {caller.name} has: {held}")


def needs(scope: Scope) -> DependsOn:
    """For `dependencies=[needs(Scope.READ)]` of a router or a route; of several the strongest counts.

    A test walks all routes and fails for one without.
    """
    found: DependsOn = Depends(Needs(scope))
    return found


OPEN_TO_ALL: DependsOn = Depends(Needs(None))


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
