"""What a page weighs on the wire, with everything that a browser loads for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Request

from tests.browser.conftest import opened, running
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
    found = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    print(
        address,
        found,
        sorted((size["responseBodySize"], request.url) for size, request in zip(sizes, asked, strict=True))[-6:],
    )
    return found


def asked_for(browser: Browser, home: str, text: str) -> str:
    context = browser.new_context()
    answer = context.request.post(
        f"{home}/panels", form={"text": text, "model": "sentiment"}, headers={"Origin": home}, max_redirects=0
    )
    assert answer.status == 303, answer.text()
    context.close()
    return home + answer.headers["location"]


def test_the_first_pages_are_light(browser: Browser, home: str) -> None:
    """Home, and an explanation of thirty words: 60 KB."""
    panel = asked_for(browser, home, "a good film , not bad " * 5)

    assert weight(browser, home + "/") <= 60 * KILOBYTE
    assert weight(browser, panel) <= 60 * KILOBYTE


def test_attention_of_a_long_text(browser: Browser, home: str) -> None:
    """The library that draws is most of it: 600 KB for 128 tokens."""
    panel = asked_for(browser, home, "good film not bad " * 30)

    assert weight(browser, f"{panel}/attention") <= 600 * KILOBYTE
