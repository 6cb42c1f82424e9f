"""Connections that keep the server waiting: headers have a time limit, and the most silent make room for others."""

from __future__ import annotations

import asyncio
import resource
from collections import OrderedDict
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

OWN = 128  # descriptors for the database, arrays, uploads and the processes beside the web
ENOUGH = 1 << 20  # descriptors; more are never needed, and some systems allow billions
LATE = (
    b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n"
    b"the headers did not come in time\n"
)


def raise_descriptors() -> int:
    """Raise the soft limit of open files to the hard one, for this process and those it starts; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return ENOUGH if soft == resource.RLIM_INFINITY else soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # macOS allows fewer than it says
        return soft
    return wanted


def backlog_of(descriptors: int) -> int:
    """How many connections are accepted at one go: they are there before any of them can be closed."""
    return max(16, min(2048, descriptors // 4))


class Connection(H11Protocol):
    """A connection that is closed when the headers of a request do not come in time, or when others need its place."""

    seconds: ClassVar[float] = 15.0
    most: ClassVar[int] = 1024
    silent: ClassVar[OrderedDict[Connection, None]] = OrderedDict()  # whoever was heard of longest ago comes first
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            next(iter(self.silent)).give_way()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._no_longer_late()
        self.silent.pop(self, None)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.silent[self] = None  # the caller does not read

    def resume_writing(self) -> None:
        super().resume_writing()
        self._wait()

    def give_way(self) -> None:
        """Close without a word: what waits to be written is lost."""
        self.silent.pop(self, None)
        self.transport.abort()

    @property
    def answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        """Note whether it is the caller's turn. How long a body may take is held by the application."""
        self.silent.pop(self, None)
        if self.transport.is_closing():
            return
        if self.answering:
            self._no_longer_late()
        elif self._late is None:  # what comes in drops does not begin anew
            self._late = self.loop.call_later(self.seconds, self._end)
        if not self.answering or self.cycle.more_body:
            self.silent[self] = None

    def _no_longer_late(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        self._late = None
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self.transport.write(LATE)
        self.transport.close()


def connection_class(*, seconds: float, descriptors: int) -> type[Connection]:
    """The protocol of one server: seconds for headers, and as many connections as its descriptors allow."""
    most = max(64, descriptors - backlog_of(descriptors) - OWN)
    own: dict[str, Any] = {"seconds": seconds, "most": most, "silent": OrderedDict()}
    return type("ServedConnection", (Connection,), own)
