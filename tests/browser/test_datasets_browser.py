"""Data sets in a browser: sent, read, asked about, filtered; for every reader; hostile files only show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.settings import Settings
from app.store import jobs
from app.store.database import open_store
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.browser.conftest import PATIENCE, opened, running
from tests.browser.looks import READERS, clean, fits, unfold
from tests.browser.test_injection import PAYLOADS, SPIED


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    yield from running(folder, names=("sentiment",))


@pytest.fixture(scope="module")
def run(folder: Path) -> Callable[[], None]:
    """What the job runner would do."""

    def jobs_done() -> None:
        store = open_store(Settings(data=folder))
        for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
            execution(store).run(job)
        store.close()

    return jobs_done


def sent(page: Page, address: str, run: Callable[[], None], name: str, content: str) -> str:
    """Through the form; the address of the data set."""
    opened(page, f"{address}/datasets")
    file: Any = {"name": name, "mimeType": "text/csv", "buffer": content.encode()}
    page.set_input_files("#file", file)
    page.click(".send .primary")
    page.wait_for_url("**/datasets/*")
    run()
    return page.url


@pytest.fixture(scope="module")
def dataset(address: str, run: Callable[[], None], browser: Browser) -> str:
    """A data set that a model was asked about, with bad rows."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    content = "text,label,gender\n" + "a gorgeous film,yes,f\na bad film,no,m\nnot good,no,f\n" * 30 + "broken\n"
    where = sent(page, address, run, "reviews.csv", content)
    opened(page, where)
    page.fill("#explain", "20")
    page.click("section[aria-labelledby=ask-model] button")
    page.wait_for_url(f"{where}/workbench*")
    run()
    context.close()
    return where


def test_a_person_finds_the_wrong_rows(page: Page, dataset: str) -> None:
    """From a field of the matrix to its rows, to the explanation of one, and back to a search."""
    opened(page, dataset)
    page.locator(".confusion a.cell:not(.agrees)").first.click()
    page.wait_for_url("**predicted=yes**")
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".rows .wrong").count() == page.locator(".rows tbody tr").count() == 30
    page.fill("#search", "GOOD")
    page.click("form[role=search] button")
    page.wait_for_url("**/search")
    assert page.locator(".rows tbody tr").count() == 30
    page.locator(".rows tbody td:last-child :is(a, button)").first.click()
    page.wait_for_selector("[data-heat]")


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: "-".join(map(str, reader)))
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    browser: Browser, address: str, dataset: str, reader: tuple[str, Any, int]
) -> None:
    """With everything unfolded."""
    locale, colours, width = reader
    context = browser.new_context(
        locale=locale, color_scheme=colours, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    for place in (f"{address}/datasets", dataset):
        opened(page, place)
        unfold(page)
        clean(page)
        fits(page)
        page.set_viewport_size({"width": width, "height": 900})
    context.close()


def test_hostile_files_only_show(browser: Browser, address: str, run: Callable[[], None]) -> None:
    """Every attack as name of the file, as column, text, label and group, without the content policy."""
    context = browser.new_context(bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    kept = [payload for payload in PAYLOADS if len(payload) <= 180]
    quoted = ['"' + payload.replace('"', '""') + '"' for payload in kept]
    content = f"text,label,gender,{quoted[0]}\n" + "".join(f"{each},{each},{each},x\n" for each in quoted[:190])
    where = sent(page, address, run, kept[1], content)
    for place in (where, f"{address}/datasets", f"{where}?sort=-number"):
        opened(page, place)
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        page.wait_for_timeout(50)
        assert page.evaluate(SPIED) == []
    page.fill("#search", kept[2])
    page.click("form[role=search] button")
    page.wait_for_url("**/search")
    assert page.evaluate(SPIED) == []
    context.close()
