"""Callers who send slowly, or nothing at all, and how others are served meanwhile."""

from __future__ import annotations

import contextlib
import re
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from app.cli.server.serve import listen
from app.guard.connections import ENOUGH, OWN, backlog_of, connection_class, raise_descriptors
from tests.processes import PATIENCE, Server
from tests.served import served

HALF = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HALF_BODY = b"POST /v1/predictions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"
MANY = 1100
FOREVER = 3600.0  # seconds; a connection that is closed before made room


def opened(port: int, sent: bytes, many: int) -> list[socket.socket]:
    found = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(many)]
    for one in found:
        with contextlib.suppress(OSError):  # closed already: it made room
            one.sendall(sent)
    return found


@pytest.fixture
def closing() -> Iterator[list[socket.socket]]:
    """Connections that are closed at the end; the test may have as many as it needs."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if raise_descriptors() < 2 * MANY:
        pytest.skip("this machine allows too few open files for the test itself")
    found: list[socket.socket] = []
    yield found
    for one in found:
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@contextlib.contextmanager
def listening(app: FastAPI, *, seconds: float = 60.0, descriptors: int = 4096) -> Iterator[int]:
    """The port of a server in a thread, with the connections of `whence serve`."""
    socket_ = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=connection_class(seconds=seconds, descriptors=descriptors), backlog=backlog_of(descriptors),
        log_level="critical", access_log=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket_],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield socket_.getsockname()[1]
    server.should_exit = True
    thread.join(20)


def seconds_until_closed(one: socket.socket, beside: Callable[[], None] = lambda: None) -> float:
    started = time.monotonic()
    one.settimeout(0.1)
    while time.monotonic() < started + PATIENCE:
        with contextlib.suppress(TimeoutError):
            try:
                beside()
                if not one.recv(4096):
                    return time.monotonic() - started
            except (ConnectionError, BrokenPipeError):
                return time.monotonic() - started
    raise AssertionError("the connection stayed open")


def is_open(one: socket.socket) -> bool:
    """Whether the server has said nothing and keeps the connection."""
    one.settimeout(0)
    try:
        one.recv(1)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return False


@pytest.mark.parametrize("sent", [HALF, HALF_BODY], ids=["headers", "bodies"])
def test_a_server_with_few_descriptors_answers_beside_1100_half_sent_requests(
    tmp_path: Path, closing: list[socket.socket], sent: bytes
) -> None:
    """Its limit is raised at the start, so that all of them and the others find room."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    server = Server(tmp_path, runner="false").start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        while server.get("/livez") is None:
            time.sleep(0.1)
        closing += opened(server.port, sent, MANY)

        assert httpx2.get(f"{server.address}/livez", timeout=PATIENCE).status_code == 200
        assert all(map(is_open, closing))  # it was answered beside them, and not in the place of one
        limit = re.search(r"Max open files +(\d+)", Path(f"/proc/{server.pid('web')}/limits").read_text())
        assert limit is not None
        assert int(limit[1]) == min(hard, ENOUGH)
    finally:
        server.close()


@pytest.mark.parametrize("sent", [b"", HALF, HALF_BODY], ids=["nothing", "headers", "bodies"])
def test_where_descriptors_cannot_be_raised_the_most_silent_make_room(
    tmp_path: Path, closing: list[socket.socket], sent: bytes
) -> None:
    """The oldest half-sent requests are closed, the newest are there, and others are answered."""
    app, _ = served(tmp_path)
    few = 512
    with listening(app, seconds=FOREVER, descriptors=few) as port:
        closing += opened(port, sent, few)

        assert httpx2.get(f"http://127.0.0.1:{port}/livez", timeout=PATIENCE).status_code == 200
        assert seconds_until_closed(closing[0]) < FOREVER
        assert is_open(closing[-1])


def test_headers_have_a_time_limit_that_drops_do_not_put_off(tmp_path: Path, closing: list[socket.socket]) -> None:
    """Nothing at all, half a header, and a header that grows by a byte at a time."""
    app, _ = served(tmp_path)
    with listening(app, seconds=1.0) as port:
        nothing, half, drops = closing[:] = [*opened(port, b"", 1), *opened(port, HALF, 2)]

        assert 0.3 < seconds_until_closed(drops, lambda: drops.sendall(b"x")) < PATIENCE
        assert seconds_until_closed(nothing) < PATIENCE
        assert b" 408 " in half.recv(4096)


def test_an_answered_request_does_not_keep_a_connection_whose_body_goes_on(
    tmp_path: Path, closing: list[socket.socket]
) -> None:
    """A request to nowhere is answered before its body; the rest of the body may not come for ever."""
    app, _ = served(tmp_path)
    with listening(app, seconds=1.0) as port:
        closing += opened(port, HALF_BODY.replace(b"/v1/predictions", b"/v1/nowhere").replace(b"100", b"60000"), 1)

        assert seconds_until_closed(closing[0], lambda: closing[0].sendall(b"x")) < PATIENCE


@pytest.mark.parametrize(("drop", "pause"), [(b"", 0.0), (b"x", 0.05)], ids=["pauses", "drops"])
def test_a_body_that_stops_or_drips_is_told_so(
    tmp_path: Path, closing: list[socket.socket], drop: bytes, pause: float
) -> None:
    """408 as a problem with its cure, and the connection is closed."""
    app, _ = served(tmp_path, body_seconds=0.5)
    with listening(app) as port:
        closing += opened(port, HALF_BODY, 1)
        end, heard = time.monotonic() + PATIENCE, b""
        closing[0].settimeout(pause or PATIENCE)
        while b"request_timeout" not in heard and time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                closing[0].sendall(drop)
                heard += closing[0].recv(4096)

        assert b" 408 " in heard
        assert b"without pauses" in heard
        assert b"connection: close" in heard.lower()


def test_a_slow_body_that_keeps_up_is_read(tmp_path: Path) -> None:
    """Longer on the whole than a pause may be, but never silent for so long."""
    app, _ = served(tmp_path, body_seconds=2.0)
    body = b'{"model": "sentiment", "inputs": [{"text": "' + b"good " * 3600 + b'"}]}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 2000):
            time.sleep(0.25)
            yield body[start : start + 2000]

    with listening(app) as port:
        started = time.monotonic()
        found = httpx2.post(
            f"http://127.0.0.1:{port}/v1/predictions",
            content=pieces(),
            headers={"content-type": "application/json"},
            timeout=PATIENCE,
        )

        assert found.status_code == 200
        assert time.monotonic() - started > 2.0


def test_descriptors_leave_room_for_the_server_itself() -> None:
    """Connections that are accepted at one go count before any of them can be closed."""
    for descriptors in (256, 1024, 4096, 1 << 20):
        chosen = connection_class(seconds=1.0, descriptors=descriptors)

        assert chosen.most >= 64
        assert chosen.most + backlog_of(descriptors) + OWN <= max(descriptors, 64 + 16 + OWN)
