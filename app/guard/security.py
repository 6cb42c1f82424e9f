"""Checks that every request passes, and headers that every answer carries. Pure ASGI: streams stay streams."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit
from uuid import uuid4

import structlog
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from ..accounts import log
from ..errors import AppError, Forbidden, NotAllowed, StorageFailed, Unknown
from ..logging import tell_operator
from ..scopes import Caller
from ..settings import Settings
from ..web import addresses
from ..web.dependencies import SAFE, Services, visitor_of
from ..web.problems import problem_of, problem_of_http, problem_response, waiting
from .below import enter, refuse_bad_prefix
from .bodies import Body, InHand, has_a_large_body

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "private, no-store",
}
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
PORT = re.compile(r":\d{1,5}$")
STATIC = "/static/"
Note = Callable[[Scope, int], Awaitable[None]]


class BadHost(AppError):
    status = 400
    code = "bad_host"
    cure = "Open the address that the server printed at its start."


class Guard:
    """Request id, headers, log line, checks of host and origin, body limit; an unforeseen error becomes a 500."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.hosts = frozenset((*LOCAL_HOSTS, *(host.lower() for host in settings.allowed_hosts)))
        self.in_hand = InHand()
        self.log = structlog.get_logger("web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["whence.request_id"] = uuid4().hex
        answer = _Answer(scope, send, self._note if self.settings.auth != "local" else None)
        root = enter(scope, self.settings)
        with bound_contextvars(request_id=scope["whence.request_id"]), addresses.below(root):
            await self._pass_on(scope, receive, answer)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        started = time.perf_counter()
        body = Body(scope, receive, self.settings, self.in_hand)
        try:
            self._check(scope)
            await self._refuse_a_large_body_of_a_stranger(Request(scope))
            await self.app(scope, body, answer)
        except Exception as error:
            await self._answer_error(error, scope, receive, answer)
        finally:
            body.close()
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", None)  # not the address: a key is a plain hash of a text
            if (services := getattr(scope["app"].state, "services", None)) is not None:
                services.metrics.answered(scope["method"], route, answer.status, seconds)
            self.log.info(
                "request",
                method=scope["method"],
                route=route,
                status=answer.status,
                caller=getattr(scope.get("whence.caller"), "name", None),
                milliseconds=round(1000 * seconds, 1),
            )

    async def _note(self, scope: Scope, status: int) -> None:
        """The line of the log is written before the caller hears that something was done. While the database takes no
        line, the log of the process has it: an answer that is there is given all the same."""
        caller: Caller | None = scope.get("whence.caller")
        if caller is None or (scope["method"] in SAFE and status != NotAllowed.status):
            return
        services: Services = scope["app"].state.services
        action = f"{scope['method']} {getattr(scope.get('route'), 'path', '')}"
        target = log.target(scope.get("path_params", {}), services.fingerprint)
        try:
            await log.note(services.store, caller, action=action, target=target, status=status)
        except StorageFailed as error:
            tell_operator(error)
            self.log.error(
                "line not stored", project=caller.project, who=caller.name, via=caller.via, action=action,
                target=target, status=status,
            )  # fmt: skip

    def _check(self, scope: Scope) -> None:
        refuse_bad_prefix(scope, self.settings)
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if PORT.sub("", host) not in self.hosts:
            raise BadHost(f"the host {host[:80]!r} is not served here; allowed: {', '.join(sorted(self.hosts))}")
        if scope["method"] not in SAFE and not _same_site(headers, host):
            raise Forbidden("the request comes from another site", cure="Send the form from a page of this server.")

    async def _refuse_a_large_body_of_a_stranger(self, request: Request) -> None:
        """Routes learn who asks only after the body has been read."""
        if self.settings.auth == "local" or not has_a_large_body(request.scope):
            return
        if await visitor_of(request) is None:
            raise Unknown("a body of this size needs a key that is valid")

    async def _answer_error(self, error: Exception, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers: dict[str, str] = {}
        if isinstance(error, AppError):
            tell_operator(error)
            problem = problem_of(error.status, code=error.code, detail=str(error), cure=error.cure)
            headers = waiting(error)
        elif isinstance(error, HTTPException):
            problem = problem_of_http(error)
            headers = dict(error.headers or {})
        else:
            # The message may quote what a user typed: the log has the place, not the message.
            place = _place(error)
            self.log.error("failed", error=type(error).__name__, at=place)
            problem = problem_of(
                500, code="internal", detail="something failed that should not; the log has the request id",
                cure="Ask again; if it stays, report it with the request id.",
            )  # fmt: skip
        if not answer.status:
            await problem_response(Request(scope, receive), problem, headers)(scope, receive, answer)


class _Answer:
    """Sends on, with the headers that every answer has unless a route set its own."""

    def __init__(self, scope: Scope, send: Send, note: Note | None) -> None:
        self.scope = scope
        self.send = send
        self.note = note
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                if name not in headers:
                    headers[name] = value
            if "location" in headers:
                headers["Location"] = addresses.outward(headers["location"])
            headers["X-Request-Id"] = self.scope["whence.request_id"]
            if self.note is not None:
                await self.note(self.scope, self.status)
        await self.send(message)


def _same_site(headers: Headers, host: str) -> bool:
    """Browsers say where a request comes from; a client that is no browser says neither and carries no cookie."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == host


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
