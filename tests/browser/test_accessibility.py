"""Every page for every reader: in either language, light or dark, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from starlette.testclient import TestClient

from app.scopes import Scope
from tests.app.access.conftest import made
from tests.app.changes.test_change_job import rows, run, uploaded
from tests.browser.conftest import PATIENCE, WHOLE, opened, running
from tests.browser.looks import AXE, READERS, WIDTHS, clean, fits, unfold
from tests.served import linear, served
from tests.tiny import tiny, tiny_chat, tiny_continuing

TEXT = "a gorgeous film, not good. The second sentence is bad"
PAGES = (
    "/",
    "{panel}",
    "{panel}?level=sentence&scale=shared&class=0",
    "{panel}?ask=stability",
    "{panel}/attention",
    "{across}/attention",
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
    "/audits/new",
    "{job}",
    "/models",
    "/models/tiny",
    "/train",
    "/changes",
    "{change}",
    "/checks",
    "{check}",
    "/generate",
    "{answer}",
    "/methods",
    "/methods/shap",
    "/selftest",
    "/about",
    "/rest",
    "/status",
    "/nothing",
)


@dataclass(frozen=True)
class Reader:
    page: Page
    looks: tuple[tuple[Any, int], ...]

    def look(self, colours: Any, width: int) -> None:
        """The open page in these colours and this wide."""
        self.page.emulate_media(color_scheme=colours, reduced_motion="reduce")
        self.page.set_viewport_size({"width": width, "height": 900})


MODELS: dict[str, dict[str, Any]] = {
    "tiny": {},
    "words": {"labels": 4, "task": "word", "seed": 7},
    "several": {"labels": 4, "problem": "multi_label_classification"},
    "number": {"labels": 1},
}
NAMES = (*MODELS, "sentiment", "smollm2", "translator")
CONTRACT = """name = "films"
[[golden]]
text = "a gorgeous film"
predicts = "yes"
carried_by = ["gorgeous"]

[accuracy]
at_least = 0.5
"""


def model(name: str) -> Any:
    if name == "smollm2":
        return tiny_chat("qwen2")
    if name == "translator":
        return tiny_continuing("marian")
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


@dataclass(frozen=True)
class Site:
    """A server, and the pages of jobs that have run on it."""

    address: str
    jobs: dict[str, str]


@pytest.fixture(scope="module")
def places(module_server: Site, browser: Browser) -> dict[str, str]:
    """Addresses of results: a panel of a small transformer, and a comparison."""
    address = module_server.address
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.select_option("#model", "tiny")
    page.fill("#text", TEXT)
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    page.wait_for_selector(WHOLE)
    panel = page.url.removeprefix(address)
    page.goto(f"{address}/compare")
    page.fill("#text_a", "good film")
    page.fill("#text_b", "bad film")
    page.click(".ask .primary")
    page.wait_for_url("**/compare?a=*")
    page.wait_for_selector(".lanes")
    compare = page.url.removeprefix(address)
    batch = {"model": "sentiment", "inputs": [{"text": TEXT}]}
    job = page.request.post(f"{address}/v1/batches", data=batch).json()["id"]
    ask = partial(asked, page, address)
    found = {"panel": panel, "compare": compare, "job": f"/jobs/{job}", "pair": ask(pair="not a dull movie")}
    found |= {name: ask(model=name) for name in ("words", "several", "number")}
    found |= {name: ask(method=name, text="the film is not bad") for name in ("interactions", "layers", "replacement")}
    found["across"] = ask(model="translator", method="attention", text="the film is good")
    found |= module_server.jobs
    spoken = {"model": "smollm2", "text": "is the film good and witty?", "max_tokens": 8}
    key = page.request.post(f"{address}/v1/generations", data=spoken).json()["key"]
    found["answer"] = f"/generations/{key}"
    page.request.post(
        f"{address}{panel}/ask", form={"method": "stability"}, headers={"Origin": address, "Prefer": "wait=60"}
    )
    found["stretch"] = ask(text=" ".join([f"{TEXT}."] * 20), focus=[0, len("a gorgeous film, not good.")])
    context.close()
    return found


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("axe")
    with ThreadPoolExecutor(1) as apart:  # the browser's driver has a loop of its own in this thread
        jobs = apart.submit(finished_jobs, data).result()
    for address in running(data, load=model, names=NAMES):
        yield Site(address, jobs)


def finished_jobs(data: Path) -> dict[str, str]:
    """Pages of a check and of a comparison of models, both run."""
    app, _ = served(data, load=model, names=NAMES)
    with TestClient(app, base_url="http://localhost") as client:
        dataset = uploaded(client, rows())
        asked = {
            "check": {"model": "sentiment", "contract": CONTRACT, "dataset": dataset},
            "change": {
                "before": "sentiment",
                "after": "sentiment",
                "twin": "sentiment",
                "dataset": dataset,
                "texts": 10,
            },
        }
        found = {}
        for kind, body in asked.items():
            id = client.post(f"/v1/{kind}s", json=body).json()["id"]
            run(client, id)
            found[kind] = f"/{kind}s/{id}"
    return found


@pytest.fixture(scope="module", params=["en", "zh"])
def reader(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Reader]:
    """Somebody who reads in one language, light and dark: each page is opened in the first look, and seen in both."""
    context = browser.new_context(locale={"en": "en-GB", "zh": "zh-CN"}[request.param], reduced_motion="reduce")
    found = context.new_page()
    found.set_default_timeout(PATIENCE)
    yield Reader(
        found, tuple((colours, width) for language, colours, width in READERS if language[:2] == request.param)
    )
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    reader: Reader, path: str, module_server: Site, places: dict[str, str], subtests: pytest.Subtests
) -> None:
    """Wide tables and drawings scroll in regions of their own, also where a page that is open is looked at anew."""
    reader.look(*reader.looks[0])
    opened(reader.page, module_server.address + path.format(**places))
    unfold(reader.page)
    for colours, width in reader.looks:
        with subtests.test(colours=colours, width=width):
            reader.look(colours, width)
            clean(reader.page)
    with subtests.test(widths=WIDTHS):
        fits(reader.page)


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


def test_the_dialog_is_for_every_reader(module_server: Site, places: dict[str, str], browser: Browser) -> None:
    """The card of a word, open."""
    context = browser.new_context()
    page = opened(context.new_page(), module_server.address + places["panel"])
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


def test_a_copied_heat_map_is_the_text(module_server: Site, places: dict[str, str], browser: Browser) -> None:
    """Hidden scores are for screen readers: they do not end up in the clipboard."""
    context = browser.new_context()
    page = opened(context.new_page(), module_server.address + places["panel"])

    assert page.evaluate(COPIED) == TEXT
    context.close()
