"""What a page weighs on the wire, with everything that a browser loads for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Request

from tests.browser.conftest import ROOT, Server, opened, running
from tests.browser.test_audit_browser import audit  # noqa: F401
from tests.tiny import tiny

KILOBYTE = 1000


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = running(tmp_path_factory.mktemp("weight"), load=model)
    yield next(server)
    next(server, None)


def weight(browser: Browser, address: str) -> int:
    """Bytes of bodies and headers of every answer, in a browser that has kept nothing; scrolled to its end."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    opened(page, address)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in asked]
    assert asked
    context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)


def asked_for(browser: Browser, home: str, text: str) -> str:
    context = browser.new_context()
    answer = context.request.post(
        f"{home}/panels",
        form={"text": text, "model": "sentiment"},
        headers={"Origin": home, "Prefer": "wait=60"},
        max_redirects=0,
    )
    assert answer.status == 303, answer.text()
    context.close()
    return home + answer.headers["location"]


def test_the_first_pages_are_light(browser: Browser, home: str) -> None:
    """Home, and an explanation of thirty words: 60 KB."""
    panel = asked_for(browser, home, "a good film , not bad " * 5)

    assert weight(browser, home + "/") <= 60 * KILOBYTE
    assert weight(browser, panel) <= 60 * KILOBYTE


def test_attention_of_a_long_text(browser: Browser, server: Server) -> None:
    """The library that draws is most of it: 600 KB for 128 tokens in the real model's 72 heads."""
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    text = " ".join(word for word in words if word.isalpha())[:700]
    context = browser.new_context()
    body = {"model": "sentiment", "method": "attention", "players": "token", "input": {"text": text}}
    made = context.request.post(f"{server.address}/v1/explanations", data=body).json()
    context.close()
    assert len(made["features"]) >= 100

    assert weight(browser, f"{server.address}/explanations/{made['key']}/attention") <= 600 * KILOBYTE


def test_a_finished_audit(browser: Browser, audit: str) -> None:  # noqa: F811
    """Six drawings, as pictures and to read closely: 600 KB."""
    assert weight(browser, audit) <= 600 * KILOBYTE
