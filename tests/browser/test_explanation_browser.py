"""An explanation as somebody uses it: it arrives, a word is changed, every method is asked, a file is taken along."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import WHOLE, running
from tests.browser.looks import SMALL, SMALLEST
from tests.tiny import tiny

TEXT = "a gorgeous film , not good"


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from running(tmp_path_factory.mktemp("explanation"), load=model, names=("sentiment",))


@pytest.fixture
def faults(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def explained(page: Page, home: str) -> None:
    page.goto(home)
    page.fill("#text", TEXT)
    page.click(".ask .primary")
    page.wait_for_selector(WHOLE)


def test_a_newcomer_explains_changes_a_word_and_takes_a_file_along(page: Page, home: str, faults: list[str]) -> None:
    """Five clicks: explain, leave out a word, explain this version, export, page. The file opens without a network."""
    explained(page, home)
    page.locator("[data-try]").first.click()
    page.click('[data-editor] button[value="explain"]')
    page.wait_for_selector(f"{WHOLE} .versions")
    page.click("details.menu summary")
    with page.expect_download() as loading:
        page.click('.drop a[href*="/export/html"]')
    saved = Path(loading.value.path()).read_text(encoding="utf-8")

    assert page.locator(".versions li").count() == 2
    assert saved.startswith("<!doctype html>") or "<html" in saved[:200]
    assert "http://" not in saved
    assert faults == []
    alone = page.context.new_page()  # the policy of the server's pages is not that of the file
    alone.set_content(saved)
    assert alone.evaluate(SMALL, SMALLEST) == {}


def test_a_draft_survives_a_reload(page: Page, home: str) -> None:
    """The prediction follows what is typed; reloaded, the text is as it was left; back, it is the original."""
    explained(page, home)
    page.click("[data-edit-open]")
    page.fill("#own-text", "a dull film")
    expect(page.locator("[data-outcome]")).to_contain_text("was")
    page.reload()
    page.wait_for_selector(WHOLE)
    expect(page.locator("#own-text")).to_have_value("a dull film")
    page.keyboard.press("Escape")
    page.locator("#own-text").press("Escape")
    expect(page.locator("#own-text")).to_have_value(TEXT)
    expect(page.locator("[data-still]")).to_be_visible()


def test_every_method_is_reached_by_clicks(page: Page, home: str, faults: list[str]) -> None:
    """As a row or as a question that is answered in its place; what is open stays open after a reload."""
    explained(page, home)
    offered = json.loads(page.request.get(f"{home}/v1/models/sentiment").text())["methods"]
    shown = page.locator("[data-maps] [data-method]").evaluate_all("rows => rows.map(row => row.dataset.method)")
    asked = page.locator(".question").evaluate_all("all => all.map(each => each.dataset.ask)")
    assert sorted([*shown, *asked]) == sorted([*offered, "stability"])
    for method in asked:
        page.click(f"#ask-{method} > summary")
        page.wait_for_selector(f"#ask-{method}[data-answered] .reply p")
    page.reload()
    page.wait_for_selector(WHOLE)
    assert page.locator(".question[open][data-answered]").count() == len(asked)
    assert "film" not in page.url
    assert faults == []


def test_every_method_has_a_text_to_try_on_its_page(page: Page, home: str) -> None:
    page.goto(f"{home}/methods")
    addresses = page.locator(".method-list h2 a").evaluate_all("all => all.map(each => each.href)")
    assert len(addresses) == 15
    page.goto(addresses[-1])
    page.fill("#try-text", TEXT)
    page.click(".try-it .primary")
    page.wait_for_selector(WHOLE)
    assert re.search("/explanations/", page.url)
    forms = [page.request.get(each).text().count('class="try-it') for each in addresses]
    assert sorted(forms) == [0, *[1] * 14]  # Grad-CAM is of pictures alone


def test_a_map_is_saved_as_a_picture(page: Page, home: str, faults: list[str]) -> None:
    explained(page, home)
    page.hover('[data-method="shap"]')
    with page.expect_download() as loading:
        page.click('[data-method="shap"] a[data-png]')
    assert Path(loading.value.path()).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert faults == []


@pytest.mark.parametrize("width", [320, 390, 768, 1920])
def test_nothing_is_wider_than_the_screen(context: BrowserContext, home: str, width: int) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    explained(page, home)
    page.click("#anew > summary")
    page.click("[data-edit-open]")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"{home}/compare?a={page.url.split('/panels/')[1][:64]}&b={page.url.split('/panels/')[1][:64]}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
