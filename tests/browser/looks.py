"""What every page must be, however it is looked at: nothing for axe to find, nothing too small, nothing too wide."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Request

AXE = next((Path(__file__).parents[1] / "vendor").glob("axe-*.min.js")).read_text(encoding="utf-8")
READERS: tuple[tuple[str, Any, int], ...] = (  # language, colours, width
    ("en-GB", "light", 1280),
    ("en-GB", "dark", 360),
    ("zh-CN", "light", 360),
    ("zh-CN", "dark", 1280),
)
WIDTHS = (320, 360, 768, 1280, 1920)
FITS = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
BEYOND = """() => [...document.querySelectorAll("body *")]
    .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth)
    .filter((each) => !each.closest('.scroll, .drawing, .menu'))
    .map((each) => each.outerHTML.slice(0, 120)).slice(0, 8)"""
SMALLEST = 12  # pixels of a letter, as it is drawn
SMALL = """least => {
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const box = node.parentElement;
    if (!node.data.trim() || box.closest('.vh, script, style, noscript, template') || !box.checkVisibility()) continue;
    const drawn = box.getScreenCTM?.();
    const size = parseFloat(getComputedStyle(box).fontSize) * (drawn ? Math.hypot(drawn.a, drawn.b) : 1);
    if (size >= least - 0.05) continue;
    const place = [box.parentElement, box].map((each) => `${each.localName}.${each.getAttribute('class') ?? ''}`);
    found[place.join(' ')] = `${size.toFixed(2)} px: ${node.data.trim().slice(0, 30)}`;
  }
  return found;
}"""


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach(fold => { fold.open = true; })")


def clean(page: Page) -> None:
    """The page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    told = [(each["id"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found["violations"]]

    assert told == []
    assert page.evaluate(SMALL, SMALLEST) == {}
    fit(page)


def fits(page: Page) -> None:
    """At every width nothing scrolls sideways, and drawings that shrink keep letters that can be read."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        fit(page)
        assert page.evaluate(SMALL, SMALLEST) == {}, width


def fit(page: Page) -> None:
    for _ in range(100):  # drawings follow a new width a moment later; the page's policy forbids to wait inside it
        if page.evaluate(FITS):
            return
        page.wait_for_timeout(100)
    assert page.evaluate(BEYOND) == []
    raise AssertionError("the page is wider than the window")


def weight(browser: Browser, address: str) -> int:
    """Bytes of bodies and headers of every answer, in a browser that has kept nothing; scrolled to its end."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(60_000)
    asked: list[Request] = []
    page.on("requestfinished", lambda request: asked.append(request))
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in asked]
    assert asked
    context.close()
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
