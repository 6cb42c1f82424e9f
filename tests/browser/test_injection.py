"""Hostile text in every place that takes text: nothing runs, with the content policy switched off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from explainers.testing import LinearModel
from tests.browser.conftest import PATIENCE, WHOLE, opened, running
from tests.processes import Server, tiny_folder

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
    "<object data='javascript:{run}'></object>",
    "<embed src='javascript:{run}'>",
    "<audio src=x onerror={run}></audio>",
    "<img src=x onload={run} onerror={run} loading=eager>",
    "<svg><animate onbegin={run} attributeName=x dur=1s></svg>",
    "<svg><set onbegin={run} attributeName=x></svg>",
    "<svg><a xlink:href='javascript:{run}'><text y=20>x</text></a></svg>",
    "<svg><foreignObject><img src=x onerror={run}></foreignObject></svg>",
    "<marquee onstart={run}>x</marquee>",
    "<select autofocus onfocus={run}><option>x</select>",
    "<textarea autofocus onfocus={run}>x</textarea>",
    "<keygen autofocus onfocus={run}>",
    "<meta http-equiv=refresh content='0;url=javascript:{run}'>",
    "<base href='javascript:{run}//'>",
    "<table background='javascript:{run}'><td>x</table>",
    "<div style='animation-name:x' onanimationstart={run}>x</div>",
    "<noscript><p title='</noscript><img src=x onerror={run}>'>",
    "<xmp><p title='</xmp><img src=x onerror={run}>'></xmp>",
    "<!--><img src=x onerror={run}>-->",
    "<dialog open onclose={run}><form method=dialog><button>x</button></form></dialog>",
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
TOGETHER = 40  # payloads in one text: a text may have 20,000 characters
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


def test_there_are_more_than_five_hundred_attacks() -> None:
    """And each is one of a kind."""
    assert len(set(PAYLOADS)) >= 500


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
    page.wait_for_selector(WHOLE)
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
    page.wait_for_selector(WHOLE)
    for path in (page.url, f"{page.url}?class=3&level=sentence", f"{address}/models", f"{address}/models/hostile"):
        opened(page, path)
        unharmed(page)
    opened(page, f"{address}/compare")
    page.select_option("#model_a", "hostile")
    page.select_option("#model_b", "hostile")
    page.fill("#text_a", PAYLOADS[0])
    page.click(".ask .primary")
    page.wait_for_url("**/compare?a=*")
    page.wait_for_selector("html[data-ready] .lanes")
    unharmed(page)


@pytest.mark.parametrize("batch", range(0, len(BATCHES), 2))
def test_notes_and_searches_do_not_run(page: Page, address: str, batch: int) -> None:
    """They are shown as they were typed."""
    opened(page, address)
    page.fill("#text", f"note {batch}")
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    page.wait_for_selector(WHOLE)
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


FETCHED = """async ([addresses, allowed]) => {
  const bad = [];
  const NEVER = ['IMG', 'IFRAME', 'VIDEO', 'AUDIO', 'OBJECT', 'EMBED', 'MATH', 'STYLE', 'TEMPLATE', 'BASE', 'MARQUEE'];
  for (const address of addresses) {
    const answer = await fetch(address, { headers: { Accept: 'text/html' } });
    if (answer.status >= 500) bad.push([address, answer.status]);
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const found = [...page.querySelectorAll('*')].filter((e) => (
      [...e.attributes].some((a) => a.name.startsWith('on') || /^\\s*javascript:/i.test(a.value) && a.name !== 'value')
      || (NEVER.includes(e.tagName) && !allowed.includes(e.tagName))
      || (e.tagName === 'SCRIPT' && !e.hasAttribute('src'))));
    if (found.length) bad.push([address, found[0].outerHTML.slice(0, 200)]);
  }
  return bad;
}"""


def filled(shape: str, payloads: Sequence[str]) -> list[str]:
    """Every payload once, as many to an address as it has places."""
    places = shape.count("{}")
    groups = [payloads[k : k + places] for k in range(0, len(payloads), places)]
    return [shape.format(*(quote((*group, *group * places)[n], safe="") for n in range(places))) for group in groups]


def test_addresses_do_not_run(page: Page, address: str) -> None:
    """Every payload in every query parameter and in paths; none is a server error either."""
    opened(page, address)
    page.fill("#text", "a query")
    page.click(".ask .primary")
    page.wait_for_url("**/panels/*")
    page.wait_for_selector(WHOLE)
    panel = page.url.removeprefix(address)
    shapes = (
        "/?model={}&lang={}",
        panel + "?class={}&level={}&scale={}&lang={}",
        "/compare?a={}&b={}&label={}",
        "/history?cursor={}",
        "/methods/{}",
        "/panels/{}",
        "/models/{}",
        "/sign-in?next={}",
        "/jobs?state={}&cursor={}",
    )
    addresses = [address for shape in shapes for address in filled(shape, PAYLOADS)]
    # These end on the same page of errors as the ones above.
    for shape in ("/jobs/{}", "/datasets/{}", "/audits/{}", "/{}", "/log?cursor={}"):
        addresses += filled(shape, PAYLOADS[::7])
    opened(page, address + addresses[0])

    assert page.evaluate(FETCHED, [addresses, []]) == []
    unharmed(page)


def _batch(page: Page, address: str) -> list[str]:
    """Texts of a job: its title is made of them."""
    inputs = [{"text": payload} for payload in PAYLOADS]
    made = page.request.post(f"{address}/v1/batches", data={"model": "plain", "inputs": inputs})
    assert made.status == 202, made.text()
    return ["/jobs", f"/jobs/{made.json()['id']}"]


def _uploads(page: Page, address: str) -> list[str]:
    """Data sets whose names, file names, columns, labels and groups are attacks."""
    shown = ["/datasets", "/jobs"]
    for k in range(0, len(PAYLOADS), TOGETHER):
        some = [payload.replace('"', '""') for payload in PAYLOADS[k : k + TOGETHER]]
        head = ",".join(f'"{payload}"' for payload in ("text", *some))
        rows = "\n".join(",".join(f'"{each}"' for each in (payload, *some)) for payload in some)
        sent = page.request.post(
            f"{address}/v1/datasets",
            params={"name": PAYLOADS[k][:200]},
            multipart={"file": {"name": PAYLOADS[k], "mimeType": "text/csv", "buffer": f"{head}\n{rows}\n".encode()}},
        )
        assert sent.status == 202, sent.text()
        found = sent.json()
        shown += [f"/datasets/{found['id']}", *([f"/jobs/{found['job']}"] if found.get("job") else [])]
    return shown


def _exports(page: Page, address: str) -> list[str]:
    """Pages that leave the server, of texts and labels."""
    shown = []
    for model, texts in (("plain", BATCHES), ("hostile", BATCHES[:1])):
        for text in texts:
            body = {"model": model, "input": {"text": text}}
            made = page.request.post(f"{address}/v1/panels", data=body)
            assert made.status == 200, made.text()
            keys = [each["key"] for each in made.json()["explanations"][:1]]
            shown += [
                f"/panels/{made.json()['key']}/export/html",
                *(f"/explanations/{key}/export/html" for key in keys),
            ]
    return shown


# What else takes text: how it is planted, and what an export may have that a page may not.
SINKS = {"batches": (_batch, []), "uploads": (_uploads, []), "exports": (_exports, ["STYLE"])}


@pytest.mark.parametrize("sink", SINKS)
def test_what_is_sent_to_the_rest_interface_does_not_run_on_pages(page: Page, address: str, sink: str) -> None:
    """Every payload, through every sink of the table."""
    plant, allowed = SINKS[sink]
    shown = plant(page, address)
    opened(page, f"{address}/")

    assert page.evaluate(FETCHED, [shown, allowed]) == []
    for path in shown[:3] if not allowed else []:
        page.goto(address + path)
        unharmed(page)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Web, engine and job runner, as `whence serve` starts them."""
    folder = tmp_path_factory.mktemp("whole")
    server = Server(folder / "data", models=(tiny_folder(folder / "tiny"),)).start().ready()
    yield server
    server.close()


def test_what_the_job_runner_made_of_a_hostile_file_does_not_run(page: Page, whole: Server) -> None:
    """Texts, labels, groups, column and file name: read, predicted, explained, audited,
    and shown on every page of it."""
    column, labels, groups = PAYLOADS[3], PAYLOADS[40:42], PAYLOADS[80:85]
    head = ("text", "label", column)
    rows = [(text, labels[n % 2], groups[n % 5]) for n, text in enumerate(PAYLOADS)]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in (head, *rows)]
    named = {"name": PAYLOADS[7][:200], "text": "text", "label": "label", "groups": [column]}
    sent = whole.http.post(
        "/v1/datasets", params=named, content="\n".join(quoted), headers={"Content-Type": "text/csv"}
    )
    assert sent.status_code == 202, sent.text
    data = sent.json()
    whole.finished(data["job"])
    asked = {"model": "tiny", "explain": 20, "method": "leave-one-out"}
    predicted = whole.http.post(f"/v1/datasets/{data['id']}/predictions", json=asked).json()["id"]
    plan = {
        "model": "tiny", "title": PAYLOADS[9][:200], "explain": {"gaps": 0},
        "data": {"kind": "table", "dataset": data["id"], "groups": [column], "positive": [labels[0]]},
    }  # fmt: skip
    audit = whole.http.post("/v1/audits", json=plan).json()["id"]
    for job in (predicted, audit):
        whole.finished(job)
    where = f"/datasets/{data['id']}"
    found = whole.http.get(f"/v1{where}").json()
    shown = [
        "/datasets", "/jobs", "/audits", "/history", where, f"{where}?model=tiny&sort=badge",
        f"{where}?model=tiny&limit=200",
        *filled(f"{where}?model=tiny&label={{}}&group={{}}", labels), f"/jobs/{audit}", f"/jobs/{predicted}",
    ]  # fmt: skip

    assert found["rows"] == len(PAYLOADS)
    assert found["runs"][0]["done"] == len(PAYLOADS)
    opened(page, f"{whole.address}/")
    assert page.evaluate(FETCHED, [shown, []]) == []
    audited = [f"/audits/{audit}", f"/v1/audits/{audit}/report?format=html"]  # both have drawings of their own
    assert page.evaluate(FETCHED, [audited, ["STYLE", "IMG"]]) == []
    for path in (where, f"{where}?model=tiny", "/audits", f"/jobs/{audit}"):
        page.goto(whole.address + path)
        unharmed(page)
    page.goto(whole.address + audited[0])
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran ?? null") is None
    assert page.evaluate("[...document.images].every((image) => image.src.includes('/drawings/'))")
