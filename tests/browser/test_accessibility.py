"""Every page for every reader: axe finds nothing in either language, light or dark, wide or at 360 px."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.scopes import Scope
from tests.app.access.conftest import made
from tests.browser.conftest import PATIENCE, WHOLE, opened, running
from tests.served import linear
from tests.tiny import tiny

AXE = next((Path(__file__).parents[1] / "vendor").glob("axe-*.min.js")).read_text(encoding="utf-8")
TEXT = "a gorgeous film, not good. The second sentence is bad"
PAGES = (
    "/",
    "{panel}",
    "{panel}?level=sentence&scale=shared&class=0",
    "{panel}/attention",
    "{words}",
    "{several}",
    "{number}",
    "{pair}",
    "{interactions}",
    "{layers}",
    "{replacement}",
    "{stretch}",
    "{compare}",
    "/compare",
    "/history",
    "/jobs",
    "/audits",
    "{job}",
    "/models",
    "/models/tiny",
    "/train",
    "/methods",
    "/methods/shap",
    "/about",
    "/rest",
    "/status",
    "/nothing",
)


LOOKS = {  # a page is opened wide and light in one language, narrow and dark in the other
    "en": (("light", 1280), ("dark", 1280), ("dark", 360), ("light", 360)),
    "zh": (("dark", 360), ("light", 360), ("light", 1280), ("dark", 1280)),
}


@dataclass(frozen=True)
class Reader:
    page: Page
    looks: tuple[tuple[str, int], ...]

    def look(self, colours: Any, width: int) -> None:
        """The open page in these colours and this wide."""
        self.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        self.page.set_viewport_size({"width": width, "height": 900})


FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
BEYOND = """() => [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 8)"""
MODELS: dict[str, dict[str, Any]] = {
    "tiny": {},
    "words": {"labels": 4, "task": "word", "seed": 7},
    "several": {"labels": 4, "problem": "multi_label_classification"},
    "number": {"labels": 1},
}


def model(name: str) -> Any:
    if name not in MODELS:
        return linear(name)
    found = tiny("bert", **MODELS[name])
    found.id = name
    return found


def asked(
    page: Page, server: str, *, model: str = "tiny", text: str = TEXT, pair: str | None = None, **also: Any
) -> str:
    """The page of a panel, or of an explanation where a method is named."""
    kind = "explanations" if "method" in also else "panels"
    question = {"model": model, "input": {"text": text, "text_pair": pair}, **also}
    return f"/{kind}/" + page.request.post(f"{server}/v1/{kind}", data=question).json()["key"]


@pytest.fixture(scope="module")
def places(module_server: str, browser: Browser) -> dict[str, str]:
    """Addresses of results: a panel of a small transformer, and a comparison."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(module_server)
    page.select_option("#model", "tiny")
    page.fill("#text", TEXT)
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    page.wait_for_selector(WHOLE)
    panel = page.url.removeprefix(module_server)
    page.goto(f"{module_server}/compare")
    page.fill("#text_a", "good film")
    page.fill("#text_b", "bad film")
    page.click(".ask .primary")
    page.wait_for_url("**/compare?a=*")
    page.wait_for_selector(".lanes")
    compare = page.url.removeprefix(module_server)
    batch = {"model": "sentiment", "inputs": [{"text": TEXT}]}
    job = page.request.post(f"{module_server}/v1/batches", data=batch).json()["id"]
    ask = partial(asked, page, module_server)
    found = {"panel": panel, "compare": compare, "job": f"/jobs/{job}", "pair": ask(pair="not a dull movie")}
    found |= {name: ask(model=name) for name in ("words", "several", "number")}
    found |= {name: ask(method=name, text="the film is not bad") for name in ("interactions", "layers", "replacement")}
    found["stretch"] = ask(text=" ".join([f"{TEXT}."] * 20), focus=[0, len("a gorgeous film, not good.")])
    context.close()
    return found


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from running(tmp_path_factory.mktemp("axe"), load=model, names=(*MODELS, "sentiment"))


@pytest.fixture(scope="module", params=LOOKS)
def reader(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Reader]:
    """Somebody who reads in one language, with every look in turn: each page is opened in the first of them."""
    context = browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[request.param], reduced_motion="reduce")
    found = context.new_page()
    found.set_default_timeout(PATIENCE)
    yield Reader(found, LOOKS[request.param])
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    reader: Reader, path: str, module_server: str, places: dict[str, str], subtests: pytest.Subtests
) -> None:
    """Wide tables and drawings scroll in regions of their own, also where a page that is open is looked at anew."""
    reader.look(*reader.looks[0])
    opened(reader.page, module_server + path.format(**places))
    for fold in reader.page.locator("details:not(.menu)").all():
        fold.evaluate("fold => { fold.open = true; }")
    for colours, width in reader.looks:
        with subtests.test(colours=colours, width=width):
            reader.look(colours, width)
            clean(reader.page)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A server with log-ins, and a key of an administrator."""
    data = tmp_path_factory.mktemp("guarded")
    with ThreadPoolExecutor(1) as apart:  # the browser's driver has a loop of its own in this thread
        key = apart.submit(made, data, scopes=[Scope.ADMIN]).result().secret
    for address in running(data, load=model, names=("sentiment",), auth="apikey"):
        yield address, key


def test_signing_in_and_the_log_are_for_every_reader(reader: Reader, guarded: tuple[str, str]) -> None:
    """The form, the form with a key that opens nothing, and the log with lines in it."""
    (address, key), page = guarded, reader.page
    page.goto(f"{address}/sign-in?next=/log")
    clean_in_every_look(reader)
    page.fill("[name=key]", "whence_nope")
    page.press("[name=key]", "Enter")
    page.wait_for_selector("[role=alert], .alert, .error")
    clean_in_every_look(reader)
    page.set_extra_http_headers({"authorization": f"Bearer {key}"})
    asked = {"model": "sentiment", "inputs": [{"text": "a good film"}]}
    page.request.post(f"{address}/v1/predictions", data=asked, headers={"authorization": f"Bearer {key}"})
    page.goto(f"{address}/log")
    page.set_extra_http_headers({})

    assert "/v1/predictions" in page.content()
    clean_in_every_look(reader)


def clean_in_every_look(reader: Reader) -> None:
    for look in reader.looks:
        reader.look(*look)
        clean(reader.page)


def clean(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    told = [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found["violations"]]

    assert told == []
    for _ in range(100):  # drawings follow a new width a moment later; the page's policy forbids to wait inside it
        if page.evaluate(FITS):
            return
        page.wait_for_timeout(100)
    assert page.evaluate(BEYOND) == []
    raise AssertionError("the page is wider than the window")


def test_the_dialog_is_for_every_reader(module_server: str, places: dict[str, str], browser: Browser) -> None:
    """The card of a word, open."""
    context = browser.new_context()
    page = opened(context.new_page(), module_server + places["panel"])
    page.locator("[data-specimen] button").first.click()
    page.wait_for_selector("[data-wordcard][open]")
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")

    assert [each["id"] for each in found["violations"]] == []
    context.close()


COPIED = """() => {
  const range = document.createRange();
  range.selectNodeContents(document.querySelector('[data-heat]'));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
  return selection.toString();
}"""


def test_a_copied_heat_map_is_the_text(module_server: str, places: dict[str, str], browser: Browser) -> None:
    """Hidden scores are for screen readers: they do not end up in the clipboard."""
    context = browser.new_context()
    page = opened(context.new_page(), module_server + places["panel"])

    assert page.evaluate(COPIED) == TEXT
    context.close()
