"""Measures on demand without leaving the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE, opened, running
from tests.tiny import tiny


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from running(tmp_path_factory.mktemp("measures"), load=model)


def test_a_method_is_measured_without_leaving_the_page(page: Page, address: str) -> None:
    """The section is replaced by the one with the numbers, which has the focus; the method is no longer offered."""
    asked = {"model": "sentiment", "input": {"text": "the film is not bad"}, "methods": ["leave-one-out", "rollout"]}
    key = page.request.post(f"{address}/v1/panels", data=asked).json()["key"]
    opened(page, f"{address}/panels/{key}").evaluate("() => { window.stayed = true }")
    expect(page.locator("#measured option")).to_have_count(2)

    page.select_option("#measured", "rollout")
    page.click("[data-measure] button")

    expect(page.locator("#measured option")).to_have_count(1, timeout=PATIENCE)
    assert page.evaluate("window.stayed")
    assert page.evaluate("document.activeElement.id") == "quality"
    expect(page.locator(".quality th", has_text="Max-sensitivity")).to_be_visible()
