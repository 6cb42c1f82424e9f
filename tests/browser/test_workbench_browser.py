"""The workbench in a browser: one selection in every view and in the address; for every reader."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from app.settings import Settings
from app.store import jobs
from app.store.database import open_store
from app.store.job_states import State
from explainers.testing import LinearModel
from tests.app.jobs.inline import execution
from tests.browser.conftest import PATIENCE, opened, running
from tests.browser.looks import READERS, clean, fits

KINDS = [("good", "yes"), ("bad", "no"), ("not good", "no"), ("fine", "yes")]
THINGS = [
    f"{colour} {thing}" for colour in ("red", "blue", "green", "grey", "black") for thing in ("hat", "shoe", "coat")
]
ROWS = "text,label\n" + "".join(f"{kind} {thing} as {thing}s go,{label}\n" for thing in THINGS for kind, label in KINDS)


class Placed(LinearModel):
    """A linear model with a state: what each of a few words adds."""

    def states(self, texts: Any, **asked: Any) -> Any:
        words = ("good", "bad", "not", "fine", "red", "shoe")
        counts = np.array([[text.split().count(word) for word in words] for text in texts], dtype=np.float64)
        return np.concatenate([self.scores(texts), counts + 0.05 * np.arange(len(texts))[:, None] / len(texts)], axis=1)


def placed(name: str) -> LinearModel:
    found = Placed({"good": (0.0, 2.0), "bad": (1.0, 0.0)})
    found.id = found.digest = name
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workbench")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    yield from running(folder, load=placed, names=("sentiment",))


@pytest.fixture(scope="module")
def bench(address: str, folder: Path, browser: Browser) -> str:
    """The way of a newcomer: the file, the button that sends it, the button that asks the model; then all is there."""

    def run() -> None:
        store = open_store(Settings(data=folder))
        for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
            execution(store, load=placed).run(job)
        store.close()

    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    opened(page, f"{address}/datasets")
    file: Any = {"name": "rows.csv", "mimeType": "text/csv", "buffer": ROWS.encode()}
    page.set_input_files("#file", file)
    page.click(".send .primary")
    page.wait_for_url("**/datasets/*")
    run()
    page.reload()
    page.click("section[aria-labelledby=ask-model] button")
    page.wait_for_url("**/workbench?*")
    run()
    page.wait_for_selector("[data-workbench]")
    found = page.url
    page.close()
    return found


def test_a_selection_is_in_every_view(bench: str, page: Page) -> None:
    """A field of the matrix, a box on the map, a step back: rows, words and address follow without loading anew."""
    opened(page, bench)
    page.evaluate("window.same = true")
    picked = page.locator(".picked")
    expect(picked).to_contain_text("60 rows")
    page.click(".confusion a.cell:not(.agrees)")
    expect(picked).to_contain_text("15 rows 0.0 % right")
    assert "where=label" in page.url
    expect(page.locator(".words-against")).to_contain_text("not")
    page.locator(".filters-on .chip").first.click()
    expect(picked).to_contain_text("30 rows")
    page.locator(".filters-on .chip").first.click()
    expect(picked).to_contain_text("60 rows")
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    expect(page.locator(".filters-on .chip")).to_have_count(4)
    assert "x+%3E%3D+-" in page.url
    chosen = int(page.locator(".picked b").inner_text().split()[0])
    assert 0 < chosen < 60
    assert page.locator("path.pts.in").count() > 0
    page.go_back()
    expect(picked).to_contain_text("60 rows")
    assert page.evaluate("window.same") is True


def test_every_view_selects_for_all_others(bench: str, page: Page) -> None:
    """What a link of any view chooses stands in its address, in words over the rows, in their count and over REST; the
    link taken again undoes it."""
    views = {
        "matrix": ".confusion a.cell", "region": ".map .tries a", "rail": ".rail .slices li:nth-child(2) a",
        "found": ".found-slices th a", "calibration": "#m-cal ~ details th a",
        "lengths": ".curves details th a",
    }  # fmt: skip
    for view, links in views.items():
        opened(page, bench)
        page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach((fold) => { fold.open = true; })")
        link = page.locator(links).first
        assert link.count(), view
        address = link.get_attribute("href")
        link.click()
        expect(page.locator(".filters-on .chip").first).to_be_visible()
        assert page.url.endswith(str(address)), view
        chosen = int(page.locator(".picked b").inner_text().split()[0])
        assert 0 < chosen < 60, view
        expect(page.locator("#rows")).to_contain_text(f"of {chosen}.")
        twin = page.request.get(page.url.replace("/datasets/", "/v1/datasets/")).json()
        assert twin["selection"]["rows"] == chosen, view
        assert twin["always"] is not None
        assert sum(each["n"] for each in twin["calibration"]["bins"]) == twin["selection"]["n"], view
        assert sum(each["n"] for each in twin["lengths"]) == twin["selection"]["n"], view
        if view == "region":
            page.locator(links).first.click()
            expect(page.locator(".picked")).to_contain_text("60 rows")


def test_a_lasso_and_a_threshold(bench: str, page: Page) -> None:
    """A drawn shape is a condition; the slider moves the costs, and the address has both."""
    opened(page, bench)
    page.check("input[value=lasso]")
    box = page.locator("[data-map]").bounding_box()
    assert box is not None
    corners = [(0.1, 0.02), (0.98, 0.02), (0.98, 0.98), (0.4, 0.98), (0.1, 0.02)]
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 0.02 * box["height"])
    page.mouse.down()
    for x, y in corners[1:]:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)
    page.mouse.up()
    expect(page.locator(".filters-on .chip")).to_have_count(1)
    assert "where=inside" in page.url
    page.locator(".filters-on .chip").click()
    expect(page.locator(".picked")).to_contain_text("60 rows")
    before = page.locator(".outcomes dd").all_inner_texts()
    page.locator("#thr").fill("0.99")
    expect(page.locator("form.threshold output")).to_have_text("0.99")
    assert page.locator(".outcomes dd").all_inner_texts() != before
    assert "threshold=0.99" in page.url


def test_every_reader(bench: str, browser: Browser) -> None:
    """In either language, light or dark, wide or at 360 px: axe finds nothing, nothing scrolls sideways."""
    for locale, scheme, width in READERS:
        context = browser.new_context(locale=locale, color_scheme=scheme, viewport={"width": width, "height": 900})
        page = context.new_page()
        opened(page, f"{bench}&where=label+%3D+yes&lang={locale[:2]}")
        clean(page)
        fits(page)
        context.close()


def test_without_scripts_everything_is_there(bench: str, browser: Browser) -> None:
    """Links choose, forms send, the map is drawn."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    page.goto(bench)
    page.click(".confusion a.cell:not(.agrees)")
    picked = page.locator(".picked").inner_text()
    drawn = page.locator("path.pts").count()
    context.close()

    assert "15 rows" in picked
    assert drawn >= 3
