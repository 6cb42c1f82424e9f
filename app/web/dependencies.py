"""Services that every route may use, and how long it may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, TypeVar

import structlog
from fastapi import Depends, Request
from fastapi.params import Depends as DependsOn

from ..access.budget import Purse, Purses
from ..access.identify import Credentials, identify
from ..access.metered import Metered
from ..engine.contract import EngineClient
from ..engine.demand.arrivals import Arrivals
from ..engine.demand.flights import Flights
from ..engine.demand.pace import Pace
from ..errors import ClientGone, Forbidden, NotAllowed, Unknown
from ..logging import Fingerprint
from ..metrics import Metrics
from ..scopes import Caller, Scope
from ..settings import Settings
from ..store.database import Store
from ..store.job_condition import RunnerCondition
from . import addresses

T = TypeVar("T")
AMBIENT = ("session", "proxy")
SAFE = ("GET", "HEAD", "OPTIONS")
LOG = structlog.get_logger("access")


@dataclass(frozen=True)
class Services:
    settings: Settings
    engine: EngineClient
    store: Store
    fingerprint: Fingerprint
    purses: Purses
    scratch: Path  # files under way of this process
    runner: RunnerCondition = field(default_factory=RunnerCondition)
    purse: Purse | None = None  # of the caller, where there are log-ins
    caller: str = ""  # the key's id or the user, where there are log-ins
    flights: Flights = field(default_factory=Flights)
    arrivals: Arrivals = field(default_factory=Arrivals)  # what pages asked for and show as it comes
    pace: Pace = field(default_factory=Pace)
    metrics: Metrics = field(default_factory=Metrics)
    clearing: set[asyncio.Task[None]] = field(default_factory=set)  # what was deleted, and is large, goes meanwhile
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # the server ends: streams end with it


def session_cookie() -> str:
    """Its name: browsers keep either only with Secure, the second for this host alone and all of it. Below a path it is
    for that path, so that neighbours do not get to see it."""
    return "__Secure-whence" if addresses.root() else "__Host-whence"


async def visitor_of(request: Request) -> Caller | None:
    """Who asks; None for a stranger. The log reads it off the request's scope."""
    services: Services = request.app.state.services
    brought = credentials_of(request, services.settings)
    found = await identify(services.settings, services.store, brought)
    if found is not None and found.via in AMBIENT and request.method not in SAFE and not _says_whence(request):
        # Cookies and proxies vouch for a browser whatever page made it ask: it has to say which page that was.
        raise Forbidden("the request does not say which site it comes from", cure="Send Origin, or use a key.")
    if found is None and brought.ways:
        note_entry(request, brought.ways[0], refused=True)
    request.scope["whence.caller"] = found
    return found


def note_entry(request: Request, via: str, *, refused: bool, caller: str | None = None) -> None:
    """Counts and logs somebody who was let in by a key, or was not; the key itself is written nowhere."""
    services: Services = request.app.state.services
    services.metrics.entered(via, refused=refused)
    told = {"via": via, "caller": caller, "peer": request.client.host if request.client else None}
    LOG.warning("refused", **told) if refused else LOG.info("signed in", **told)


VisitorDep = Annotated[Caller | None, Depends(visitor_of)]


def services_of(request: Request, visitor: VisitorDep) -> Services:
    """With an engine that counts what the caller asks of it, where the server has log-ins."""
    services: Services = request.app.state.services
    if visitor is None or visitor.via == "local":
        return services
    purse = services.purses.of(f"{visitor.project}/{visitor.name}")
    return replace(services, engine=Metered(services.engine, purse), purse=purse, caller=visitor.name)


ServicesDep = Annotated[Services, Depends(services_of)]


def caller_of(visitor: VisitorDep) -> Caller:
    """Raises Unknown for a stranger."""
    if visitor is None:
        raise Unknown("this needs a key that is valid")
    return visitor


CallerDep = Annotated[Caller, Depends(caller_of)]


def project_of(caller: CallerDep) -> str:
    """The project whose results a request sees: another project's are not there."""
    return caller.project


ProjectDep = Annotated[str, Depends(project_of)]


@dataclass(frozen=True, slots=True)
class Needs:
    """Lets callers with a scope through; None lets everybody through, also strangers."""

    scope: Scope | None

    def __call__(self, visitor: VisitorDep) -> None:
        if self.scope is not None:
            refuse_without(self.scope, caller_of(visitor))


def refuse_without(scope: Scope, caller: Caller) -> None:
    """Raises NotAllowed."""
    if not caller.may(scope):
        held = ", ".join(sorted(caller.scopes))
        raise NotAllowed(f"this needs the scope {scope.value!r}; {caller.name} has: {held}")


def needs(scope: Scope) -> DependsOn:
    """For `dependencies=[needs(Scope.READ)]` of a router or a route; of several the strongest counts.

    A test walks all routes and fails for one without.
    """
    found: DependsOn = Depends(Needs(scope))
    return found


OPEN_TO_ALL: DependsOn = Depends(Needs(None))


def credentials_of(request: Request, settings: Settings) -> Credentials:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    return Credentials(
        key=bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key"),
        session=request.cookies.get(session_cookie()),
        peer=request.client.host if request.client else None,
        users=tuple(request.headers.getlist(settings.proxy_user_header)),
        groups=tuple(request.headers.getlist(settings.proxy_groups_header)),
    )


def _says_whence(request: Request) -> bool:
    return "sec-fetch-site" in request.headers or "origin" in request.headers


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
