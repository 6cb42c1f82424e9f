"""What every request passes and every answer carries. Pure ASGI: streams stay streams."""

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

from .accounts import log
from .errors import AppError, Forbidden, NotAllowed
from .scopes import Caller
from .settings import Settings
from .web.dependencies import SAFE, Services
from .web.problems import problem_of, problem_response, waiting

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
UPLOADS = ("/datasets", "/v1/datasets")  # POST: a file
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
        self.log = structlog.get_logger("web")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope["whence.request_id"] = uuid4().hex
        answer = _Answer(scope, send, self._note if self.settings.auth != "local" else None)
        with bound_contextvars(request_id=scope["whence.request_id"]):
            await self._pass_on(scope, receive, answer)

    async def _pass_on(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        started = time.perf_counter()
        try:
            self._check(scope)
            await self.app(scope, _limited(scope, receive, _body_limit(scope, self.settings)), answer)
        except Exception as error:
            await self._answer_error(error, scope, receive, answer)
        finally:
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
        """The line of the log is written before the caller hears that something was done."""
        caller: Caller | None = scope.get("whence.caller")
        if caller is None or (scope["method"] in SAFE and status != NotAllowed.status):
            return
        services: Services = scope["app"].state.services
        action = f"{scope['method']} {getattr(scope.get('route'), 'path', '')}"
        target = log.target(scope.get("path_params", {}), services.fingerprint)
        await log.note(services.store, caller, action=action, target=target, status=status)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if PORT.sub("", host) not in self.hosts:
            raise BadHost(f"the host {host[:80]!r} is not served here; allowed: {', '.join(sorted(self.hosts))}")
        if scope["method"] not in SAFE and not _same_site(headers, host):
            raise Forbidden("the request comes from another site", cure="Send the form from a page of this server.")

    async def _answer_error(self, error: Exception, scope: Scope, receive: Receive, answer: _Answer) -> None:
        headers: dict[str, str] = {}
        if isinstance(error, AppError):
            problem = problem_of(error.status, code=error.code, detail=str(error), cure=error.cure)
            headers = waiting(error)
        elif isinstance(error, HTTPException):
            problem = problem_of(error.status_code, detail=error.detail)
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


def _body_limit(scope: Scope, settings: Settings) -> int:
    """A file may be larger than a question; the route writes it to disk as it comes and holds it to its own limit."""
    if scope["method"] == "POST" and scope["path"] in UPLOADS:
        return settings.upload_limit + settings.body_limit
    return settings.body_limit


def _limited(scope: Scope, receive: Receive, limit: int) -> Receive:
    """Raises 413 for a body over the limit, before it is read where its length is declared."""
    too_large = HTTPException(413, f"the body is over {limit} bytes")
    declared = Headers(scope=scope).get("content-length", "")
    seen = 0

    async def limited() -> Message:
        nonlocal seen
        if declared.isdecimal() and int(declared[:20]) > limit:
            raise too_large
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise too_large
        return message

    return limited


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
