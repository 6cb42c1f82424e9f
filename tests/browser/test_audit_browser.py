"""The page of a finished audit in a browser: its drawings can be read closely, and nobody needs them to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from starlette.testclient import TestClient

from tests.app.audit.planted import model, plan
from tests.app.jobs.inline import execution
from tests.browser.conftest import opened, running
from tests.browser.looks import READERS, clean, fits, unfold, weight
from tests.served import served

NAME = '<img src=x onerror="document.title=1">& more'  # a group as an upload may call it
ASKED = plan(model="sentiment").model_dump(mode="json")


def planted(name: str) -> Any:
    made = model()
    made.id = name
    return made


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an audit that has run, on a server."""
    data = tmp_path_factory.mktemp("audit")
    app, _ = served(data, load=planted)
    with TestClient(app, base_url="http://localhost") as client:
        id = client.post("/v1/audits", json=ASKED).json()["id"]
        execution(app.state.services.store, load=planted).run(id)
    server = running(data, load=planted)
    yield f"{next(server)}/audits/{id}"
    next(server, None)


def test_drawings_can_be_read_closely(page: Page, audit: str) -> None:
    """Curves and heat maps stand in place of their pictures; nothing offers to send them away."""
    opened(page, audit)
    for name in ("roc", "calibration", "sweep-false_positive_rate", "matrix", "heat"):
        figure = page.locator("figure", has=page.locator(f"[data-chart='{name}']"))
        figure.locator(".main-svg").first.wait_for()
        assert not figure.locator("img").is_visible()

    page.locator("[data-chart=matrix] .nsewdrag").hover(
        position={"x": 200, "y": 10}
    )  # the second column; the first is the identity itself
    assert "→" in str(page.locator("[data-chart=matrix] .hovertext").text_content())
    offered = page.locator(".modebar-btn").evaluate_all("all => all.map((each) => each.dataset.title)")
    assert offered
    assert [title for title in offered if "hare" in title or "loud" in title] == []


def test_names_in_drawings_are_text(page: Page, audit: str) -> None:
    """What an upload calls a group is shown, never read as mark-up."""

    def renamed(route: Any) -> None:
        answer = route.fetch()
        figures = answer.json()
        figures["roc"]["curves"][0]["name"] = NAME
        figures["matrix"]["columns"][0] = NAME
        route.fulfill(response=answer, json=figures)

    page.route("**/charts?*", renamed)
    opened(page, audit)
    label = page.locator("[data-chart=roc] .annotation-text").first  # a name stands at its line, cut where it is long

    assert str(label.text_content()).rstrip("…") == NAME[: len(str(label.text_content())) - 1]
    assert page.locator("[data-chart] img").count() == 0
    assert page.title() != "1"


def test_a_finished_audit_is_light(browser: Browser, audit: str) -> None:
    """Six drawings, as pictures and to read closely: 600 KB."""
    assert weight(browser, audit) <= 600 * 1000


def test_without_scripts_every_drawing_is_a_picture_with_its_table(browser: Browser, audit: str) -> None:
    """Nothing of the page waits for a script."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(audit)
    pictures = page.locator(".drawing img")

    assert pictures.count() == 6
    assert [pictures.nth(k).is_visible() for k in range(6)] == [True] * 6
    assert page.locator("[data-chart]:visible").count() == 0
    assert page.locator("figure.sheet + details table, table.matrix").count() == 6
    context.close()


def test_the_report_is_read_on_a_telephone_and_printed_whole(browser: Browser, audit: str) -> None:
    """Its drawings keep letters of 12 pixels and scroll by themselves; on A4 none is cut at an edge or a page's end."""
    context = browser.new_context()
    body = context.request.get(audit.replace("/audits/", "/v1/audits/") + "/report?format=html").text()
    page = context.new_page()
    page.set_content(body)
    assert page.locator("figure svg").count() >= 6
    fits(page)
    page.set_viewport_size({"width": 673, "height": 986})  # what the margins leave of A4, at 96 pixels an inch
    page.emulate_media(media="print")
    cut = page.locator("figure").evaluate_all("""all => all.filter((each) => each.getBoundingClientRect().height > 986
        || [...each.querySelectorAll('svg')].some((drawn) => drawn.getBoundingClientRect().right > 674))
        .map((each) => each.id)""")
    assert cut == []
    context.close()


def test_a_row_of_the_forest_leads_to_its_words(page: Page, audit: str) -> None:
    """Anywhere on the row, its drawing included."""
    opened(page, audit)
    page.locator(".forest tr.found").first.locator("td.plot").click(force=True)  # its link lies over it

    assert page.url.endswith("#words-0")
    assert page.locator("#words-0").is_visible()


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: "-".join(map(str, reader)))
def test_axe_finds_nothing_on_an_audit(browser: Browser, audit: str, reader: tuple[str, Any, int]) -> None:
    """And nothing but its tables and drawings scrolls sideways."""
    language, colours, width = reader
    context: BrowserContext = browser.new_context(
        locale=language, color_scheme=colours, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = opened(context.new_page(), audit)
    unfold(page)
    clean(page)
    fits(page)
    context.close()
