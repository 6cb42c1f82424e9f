"""The figures that pages are held to, on the real server and model: `make page-figures` writes build/page-figures.json.

    python -m tests.page_figures [--texts 10]

A newcomer's way in clicks and seconds, the wait for the prediction and for the first row, and what pages weigh on the
wire. What is measured depends on the machine and on what else it does: its load is written beside the figures. The
tests of the browser hold the way itself and the weights.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, PATIENCE, WHOLE, Server
from tests.browser.test_weight import weight

RESULT = Path(__file__).parent.parent / "build" / "page-figures.json"
SEEN_PREDICTION = ".gist h1 b:not(:empty)"
SEEN_ROW = "[data-method] [data-heat] mark"
TEXT = (
    "the film is a gorgeous witty and often moving story of two friends who leave a dull town but its clumsy opening "
    "never lets them breathe and the ending feels like another film altogether"
)
MOST = {
    "prediction": 0.5, "first_row": 1.5, "newcomer": 60.0, "clicks": 5,
    "home": 60_000, "explanation": 60_000, "attention": 600_000,
}  # fmt: skip


def text_of(number: int) -> str:
    """Thirty words in an order of their own, so that no answer is stored already."""
    words = TEXT.split()
    turn = number % len(words)
    return " ".join([*words[turn:], *words[:turn]][:30])


def waits(page: Page, address: str, number: int) -> dict[str, float]:
    """Seconds from the click on Explain until a reader sees each part."""
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.fill("#text", text_of(number))
    began = time.perf_counter()
    page.click(".ask .primary", no_wait_after=True)
    page.wait_for_selector(SEEN_PREDICTION)
    prediction = time.perf_counter() - began
    page.wait_for_selector(SEEN_ROW)
    first_row = time.perf_counter() - began
    page.wait_for_selector(WHOLE)
    return {"prediction": prediction, "first_row": first_row, "whole": time.perf_counter() - began}


def newcomer(browser: Browser, address: str, number: int) -> dict[str, Any]:
    """Explains a text, leaves out a word, explains that version and takes the page along, by what is in sight."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    clicks, hosts, began = 0, set[str](), time.perf_counter()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    def click(selector: str) -> None:
        nonlocal clicks
        clicks += 1
        page.locator(selector).first.click()

    page.goto(address)
    page.fill("#text", text_of(number))
    click(".ask .primary")
    page.wait_for_selector(WHOLE)
    click("[data-try]")
    click('[data-editor] button[value="explain"]')
    page.wait_for_selector(f"{WHOLE} .versions")
    click("details.menu summary")
    with page.expect_download() as loading:
        click('.drop a[href*="/export/html"]')
    size = Path(loading.value.path()).stat().st_size
    context.close()
    return {"seconds": time.perf_counter() - began, "clicks": clicks, "hosts": len(hosts), "file": size}


def weights(browser: Browser, address: str) -> dict[str, int]:
    """Bytes on the wire of pages of the real model, compressed as a browser asks for them."""
    context = browser.new_context()

    def made(kind: str, **asked: Any) -> str:
        body = {"model": "sentiment", **asked}
        answer = context.request.post(f"{address}/v1/{kind}", data=body, headers={"Prefer": "wait=60"})
        return f"{address}/{kind}/{answer.json()['key']}"

    long = " ".join([TEXT] * 4)
    panel = made("panels", input={"text": text_of(0)})
    heads = made("explanations", input={"text": long}, method="attention", players="token")
    context.close()
    return {
        "home": weight(browser, f"{address}/"),
        "explanation": weight(browser, panel),
        "attention": weight(browser, f"{heads}/attention"),
    }


def figures(texts: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = Server(Path(data))
        server.start()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            waits(page, server.address, texts)  # the first answer of an engine warms it
            load = os.getloadavg()[0]
            seen = [waits(page, server.address, number) for number in range(texts)]
            way = newcomer(browser, server.address, texts + 1)
            heavy = weights(browser, server.address)
        finally:
            browser.close()
            server.stop()
    return {
        "load": {"before": round(load, 2), "cores": os.cpu_count()},
        "waits": {name: spread([each[name] for each in seen]) for name in seen[0]},
        "newcomer": way,
        "bytes": heavy,
    }


def spread(seconds: list[float]) -> dict[str, float]:
    return {"median": round(median(seconds), 3), "most": round(max(seconds), 3)}


def over(found: dict[str, Any]) -> list[str]:
    """Figures that are past what they are held to."""
    known = {name: found["waits"][name]["median"] for name in ("prediction", "first_row")}
    known |= {"newcomer": found["newcomer"]["seconds"], "clicks": found["newcomer"]["clicks"], **found["bytes"]}
    return [f"{name}: {value:g}, at most {MOST[name]:g}" for name, value in known.items() if value > MOST[name]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=10, help="texts of thirty words to wait for")
    found = figures(parser.parse_args().texts)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    for line in over(found):
        print(line, file=sys.stderr)
    return 1 if over(found) else 0


if __name__ == "__main__":
    sys.exit(main())
