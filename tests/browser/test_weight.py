"""What a page weighs on the wire, with everything that a browser loads for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import running
from tests.browser.looks import weight
from tests.tiny import tiny


def model(name: str) -> Any:
    """Of as many layers and heads as the embedded models."""
    found = tiny("bert", hidden_size=48, num_hidden_layers=6, num_attention_heads=12)
    found.id = name
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = running(tmp_path_factory.mktemp("weight"), load=model)
    yield next(server)
    next(server, None)


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

    assert weight(browser, home + "/") <= 60 * 1000
    assert weight(browser, panel) <= 60 * 1000


def test_attention_of_a_long_text(browser: Browser, home: str) -> None:
    """The library that draws is most of it: 600 KB for 122 tokens in 72 heads, as the embedded models have."""
    text = " ".join(["the film is not bad and the movie was never dull but funny and witty"] * 8)
    context = browser.new_context()
    body = {"model": "sentiment", "method": "attention", "players": "token", "input": {"text": text}}
    made = context.request.post(f"{home}/v1/explanations", data=body).json()
    page = f"{home}/explanations/{made['key']}/attention"
    told = context.request.get(page, headers={"Accept-Language": "en"}).text()
    context.close()
    assert len(made["features"]) == 120
    assert "All 72 heads" in told

    assert weight(browser, page) <= 600 * 1000
