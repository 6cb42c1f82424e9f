"""Hostile text in every place that takes text: nothing runs, with the content policy switched off."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from explainers.testing import LinearModel
from tests.browser.conftest import PATIENCE, opened, running

RUN = "window.ran=1"
BODIES = (
    "<script>{run}</script>",
    "<img src=x onerror={run}>",
    "<svg onload={run}></svg>",
    "<svg><script>{run}</script></svg>",
    "<iframe srcdoc='<script>parent.ran=1</script>'></iframe>",
    "<body onload={run}>",
    "<input autofocus onfocus={run}>",
    "<details open ontoggle={run}>x</details>",
    "<a href='javascript:{run}'>x</a>",
    "<math><mtext><table><mglyph><style><img src=x onerror={run}>",
    "<video><source onerror={run}></video>",
    "<form action='javascript:{run}'><button>x</button></form>",
    "<link rel=stylesheet href='data:text/css,*{{}}'>",
    "<template><script>{run}</script></template><style onload={run}></style>",
)
BREAKS = (
    "{body}",
    '">{body}',
    "'>{body}",
    "</textarea>{body}",
    "</title>{body}",
    "</script>{body}",
    "</mark></div>{body}",
    "</option></select>{body}",
    "--><!-- -->{body}",
    "]]>{body}",
    "&lt;{body}",
    "{{{{7*7}}}}{body}",
    "{{% raw %}}{body}",
    '" onmouseover={run} x="{body}',
    "' autofocus onfocus={run} x='{body}",
)
PAYLOADS = tuple(shell.format(body=body.format(run=RUN), run=RUN) for shell, body in product(BREAKS, BODIES))
TOGETHER = 15  # payloads in one text: a text may have 20,000 characters
BATCHES = ["\n".join(PAYLOADS[k : k + TOGETHER]) for k in range(0, len(PAYLOADS), TOGETHER)]
SPIED = """() => {
  const told = [];
  if (window.ran) told.push('ran');
  for (const e of document.querySelectorAll('*')) {
    for (const a of e.attributes) if (a.name.startsWith('on')) told.push(`${e.tagName} ${a.name}`);
    if (['IMG', 'IFRAME', 'VIDEO', 'MATH', 'SOURCE', 'TEMPLATE', 'STYLE'].includes(e.tagName)) told.push(e.tagName);
    if (e.tagName === 'SCRIPT' && !e.src) told.push('inline script');
    for (const name of ['href', 'action']) {
      if ((e.getAttribute(name) ?? '').startsWith('javascript:')) told.push(`${name} javascript`);
    }
  }
  return told;
}"""


def hostile(name: str) -> Any:
    """A model whose every label is an attack."""
    model = LinearModel({})
    model.id = name
    model.digest = name
    model.labels = PAYLOADS[:9] if name == "hostile" else ("no", "yes")
    return model


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from running(tmp_path_factory.mktemp("injection"), load=hostile, names=("plain", "hostile"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Without the content policy, so that whatever gets into the page also runs."""
    context = browser.new_context(bypass_csp=True)
    found = context.new_page()
    found.set_default_timeout(PATIENCE)
    yield found
    context.close()


def unharmed(page: Page) -> None:
    """Nothing ran, and no element or attribute is there that a template does not write."""
    page.wait_for_timeout(50)
    assert page.evaluate(SPIED) == []


def test_there_are_more_than_two_hundred_attacks() -> None:
    """And each is one of a kind."""
    assert len(set(PAYLOADS)) >= 200


def test_the_spy_sees_an_attack_that_gets_through(page: Page) -> None:
    """Otherwise the tests below could not fail."""
    page.set_content(f"<p>{PAYLOADS[1]}</p>")
    page.wait_for_timeout(100)

    assert "ran" in page.evaluate(SPIED)
    assert "IMG" in page.evaluate(SPIED)


@pytest.mark.parametrize("batch", range(len(BATCHES)))
def test_texts_do_not_run(page: Page, address: str, batch: int) -> None:
    """As first and as second text: on the page, in the tooltip, in the word card, in the what-if, in the lists."""
    opened(page, address)
    page.fill("#text", BATCHES[batch])
    page.click(".second summary")
    page.fill("#text_pair", BATCHES[-1 - batch])
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    page.wait_for_selector("html[data-ready]")
    unharmed(page)
    where = page.url
    for mark in page.locator("[data-heat] mark").all()[:4]:
        mark.hover(force=True)
    page.locator("[data-specimen] button").first.click()
    page.fill("#wc-in", PAYLOADS[batch])
    page.click("[data-wc-form] button")
    unharmed(page)
    page.request.post(f"{where}/try", form={"word": "0", "replacement": PAYLOADS[batch]})
    for path in ("/", "/history"):
        opened(page, address + path)
        unharmed(page)


def test_labels_do_not_run(page: Page, address: str) -> None:
    """A model folder may call its classes anything: in bars, switches, legends, sentences, tables, comparisons."""
    opened(page, address)
    page.select_option("#model", "hostile")
    page.fill("#text", "one two three")
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    for path in (page.url, f"{page.url}?class=3&level=sentence", f"{address}/models", f"{address}/models/hostile"):
        opened(page, path)
        unharmed(page)
    opened(page, f"{address}/compare")
    page.select_option("#model_a", "hostile")
    page.select_option("#model_b", "hostile")
    page.fill("#text_a", PAYLOADS[0])
    page.click(".ask .primary")
    page.wait_for_url("**/compare?a=*")
    page.wait_for_selector("html[data-ready]")
    unharmed(page)


@pytest.mark.parametrize("batch", range(0, len(BATCHES), 2))
def test_notes_and_searches_do_not_run(page: Page, address: str, batch: int) -> None:
    """They are shown as they were typed."""
    opened(page, address)
    page.fill("#text", f"note {batch}")
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    opened(page, f"{address}/history")
    page.locator(".entries li").first.locator("summary").first.click()
    page.locator(".entries li").first.locator("textarea").fill(BATCHES[batch][:2000])
    page.locator(".entries li").first.locator(".button.primary").click()
    page.wait_for_selector("html[data-ready]")
    unharmed(page)
    page.fill("#search", PAYLOADS[batch][:500])
    page.keyboard.press("Enter")
    page.wait_for_url("**/history/search")
    unharmed(page)


FETCHED = """async (addresses) => {
  const bad = [];
  for (const address of addresses) {
    const answer = await fetch(address, { headers: { Accept: 'text/html' } });
    if (answer.status >= 500) bad.push([address, answer.status]);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const found = [...page.querySelectorAll('*')].filter((e) => (
      [...e.attributes].some((a) => a.name.startsWith('on'))
      || ['IMG', 'IFRAME', 'VIDEO', 'MATH', 'STYLE', 'TEMPLATE'].includes(e.tagName)
      || (e.tagName === 'SCRIPT' && !e.hasAttribute('src'))));
    if (found.length) bad.push([address, found[0].outerHTML.slice(0, 200)]);
  }
  return bad;
}"""


def test_addresses_do_not_run(page: Page, address: str) -> None:
    """Every payload in every query parameter and in paths; none is a server error either."""
    opened(page, address)
    page.fill("#text", "a query")
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    panel = page.url.removeprefix(address)
    shapes = (
        "/?model={}&lang={}",
        panel + "?class={}&level={}&scale={}&lang={}",
        "/compare?a={}&b={}&label={}",
        "/history?cursor={}",
        "/methods/{}",
        "/panels/{}",
        "/models/{}",
    )
    addresses = [shape.replace("{}", quote(payload, safe="")) for payload in PAYLOADS for shape in shapes]
    opened(page, address + addresses[0])

    assert page.evaluate(FETCHED, addresses) == []
    unharmed(page)
