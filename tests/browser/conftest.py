"""A browser, and servers for it: the real one with the real default model, and one whose model's answer is known."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.served import served

pytest.register_assert_rewrite("tests.browser.looks")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WHOLE = 'html[data-ready] body[data-page="explanation"]'  # an explanation of which nothing is still to arrive
PATIENCE = 60_000  # milliseconds; an explanation on a busy machine
ROOT = Path(__file__).parents[2]
START = 240.0  # the engine loads torch; a busy machine takes minutes


class Server:
    """`whence serve` as a process of its own, which can be started again on the same data."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**os.environ, "WHENCE_DATA": str(self.data), "WHENCE_PORT": str(self.port)}
        command = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory", "--log-level", "warning"]
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(self.port)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until(f"{self.address}/readyz")
            until(f"{self.address}/v1/predictions", {"model": "sentiment", "inputs": [{"text": "It loads."}]})
        except TimeoutError:
            self.stop()
            raise

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(address: str, body: Mapping[str, Any] | None = None) -> None:
    """Waits until the address answers 200, to a POST where there is a body."""
    asked = urllib.request.Request(
        address, None if body is None else json.dumps(body).encode(), {"content-type": "application/json"}
    )
    deadline = time.monotonic() + START
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE / 1000):
                return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("served"))
    found.start()
    yield found
    found.stop()


def running(data: Path, **wanted: Any) -> Iterator[str]:
    """The application with models whose answer is known, in this process: its address while it runs."""
    app, _ = served(data, **wanted)
    port = free_port()
    made = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    until(f"http://127.0.0.1:{port}/readyz")
    yield f"http://127.0.0.1:{port}"
    made.should_exit = True
    thread.join(10)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test when the console has an error or a request leaves the server."""
    found = context.new_page()
    found.set_default_timeout(PATIENCE)
    troubles: list[str] = []
    hosts: set[str] = set()
    found.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: troubles.append(str(error)))
    found.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    yield found
    assert troubles == []
    assert len({host for host in hosts if host}) <= 1, hosts


def opened(page: Page, address: str) -> Page:
    """Opens an address and waits for its scripts."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page
