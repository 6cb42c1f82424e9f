"""The server below a path of a proxy: every address that leaves it leads back to it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import httpx2
import pytest
import uvicorn
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.access.keys import create
from app.cli.server.serve import address, listen
from app.client import Client
from app.scopes import Scope
from app.settings import Settings
from app.web.addresses import ATTRIBUTES
from tests.app.audit.planted import model, plan
from tests.app.jobs.inline import execution
from tests.proxy import proxied
from tests.served import served

ROOT = "/tools/whence"
PAGE = {"Accept": "text/html"}
CHECKOUT = Path(__file__).parents[3]
ADDRESS = re.compile(r"""\s([a-z][a-z-]*)\s*=\s*["']/""")
FOLLOWED = ("text/html", "text/css", "javascript")
DOWNLOADS = 400  # pages and files that a crawl may find; far more are a loop


def planted(name: str) -> Any:
    made = model()
    made.id = name
    return made


@contextmanager
def serving(data: Path, **settings: Any) -> Iterator[str]:
    app, _ = served(data, load=planted, **settings)
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", proxy_headers=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield address(listening)
    finally:
        server.should_exit = True
        thread.join(timeout=30)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with something for every page: explanations, data sets, a finished audit, jobs."""
    data = tmp_path_factory.mktemp("below")
    app, _ = served(data, load=planted)
    with TestClient(app, base_url="http://localhost", headers=PAGE) as client:
        audit = client.post("/v1/audits", json=plan(model="sentiment").model_dump(mode="json")).json()["id"]
        execution(app.state.services.store, load=planted).run(audit)
        sent = client.post("/v1/datasets", files={"file": ("r.csv", b"text,label\ngood,yes\nbad,no\n", "text/csv")})
        assert sent.status_code == 202, sent.text
        execution(app.state.services.store, load=planted).run(client.get("/v1/jobs").json()["jobs"][0]["id"])
        client.post("/v1/batches", json={"model": "sentiment", "inputs": [{"text": "good"}]})
        for text in ("a good film", "a bad film"):
            asked = {"text": text, "model": "sentiment"}
            assert client.post("/panels", data=asked, headers={"Prefer": "wait=60"}).status_code == 200
    return data


WAYS = [
    pytest.param({"root_path": ROOT}, {"strips": True}, id="setting, stripping"),
    pytest.param({"root_path": ROOT}, {"strips": False}, id="setting, not stripping"),
    pytest.param({"proxy_peers": ("127.0.0.1",)}, {"strips": True, "says": ROOT}, id="header, stripping"),
    pytest.param({"proxy_peers": ("127.0.0.1",)}, {"strips": False, "says": f"{ROOT}/"}, id="header, not stripping"),
]


class Addresses(HTMLParser):
    """Every address that a page names, with where it names it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        for name, value in attributes:
            if name in ATTRIBUTES and value is not None:
                asks = tag != "form" or given.get("method") != "post"
                self.found.append(("get" if asks else "post", value))


def crawl(home: str) -> dict[str, tuple[int, str]]:
    """Everything that can be reached from the home page, and what it answers."""
    origin = home.removesuffix(ROOT)
    seen: dict[str, tuple[int, str]] = {}
    ahead = [f"{home}/", f"{home}/v1/models", f"{home}/openapi.json"]
    with httpx2.Client(timeout=60, headers=PAGE, follow_redirects=True) as http:
        while ahead:
            asked = ahead.pop()
            if asked in seen:
                continue
            assert len(seen) < DOWNLOADS, list(seen)[-20:]
            with http.stream("GET", asked) as answer:
                kind = answer.headers.get("content-type", "")
                seen[asked] = (answer.status_code, kind)
                if not any(each in kind for each in FOLLOWED):
                    continue
                answer.read()
                text, where = answer.text, str(answer.url)
            if "text/html" not in kind or "content-disposition" in answer.headers:
                continue
            page = Addresses()
            page.feed(text)
            for verb, named in page.found:
                full = urldefrag(urljoin(where, named)).url
                if not full.startswith(origin):
                    continue  # a page of somebody else: a paper, the source
                assert full.startswith(f"{home}/"), (where, named)
                if verb == "get":
                    ahead.append(full)
    return seen


@pytest.mark.parametrize(("settings", "proxy"), [WAYS[0], WAYS[-1]])
def test_every_page_below_a_path_leads_to_pages_below_it(
    filled: Path, settings: dict[str, Any], proxy: dict[str, Any]
) -> None:
    """Crawled from the home page: links, pictures, scripts, styles, events, exports. The proxy has nothing else."""
    with serving(filled, **settings) as server, proxied(server, ROOT, **proxy) as home:
        seen = crawl(home)

    assert {where: status for where, (status, _) in seen.items() if status not in (200, 204)} == {}
    reached = " ".join(seen)
    for part in (
        "/panels/", "/export/", "/attention", "/static/", "/js/main.js", "/css/main.css", "/audits/", "/drawings/",
        "/charts", "/report?format=zip", "/datasets/", "/jobs/", "/events", "/compare", "/history", "/models/",
        "/methods/shap", "/rest", "/about", "/status", "/v1/panels/", "lang=zh",
    ):  # fmt: skip
        assert part in reached, part


@pytest.mark.parametrize(("settings", "proxy"), WAYS)
def test_forms_answers_and_events_stay_below_the_path(
    filled: Path, settings: dict[str, Any], proxy: dict[str, Any]
) -> None:
    """A form is taken from a page of the same origin, and its answer leads below the path again."""
    with (
        serving(filled, **settings) as server,
        proxied(server, ROOT, **proxy) as home,
        httpx2.Client(timeout=60) as http,
    ):
        origin = home.removesuffix(ROOT)
        sent = {"text": "good but bad", "model": "sentiment"}
        answer = http.post(f"{home}/panels", data=sent, headers=PAGE | {"Origin": origin})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith(f"{ROOT}/panels/")
        assert http.get(origin + answer.headers["location"], headers=PAGE).status_code == 200
        assert http.post(f"{home}/panels", data=sent, headers={"Origin": "http://evil.example"}).status_code == 403

        asked = {"model": "sentiment", "inputs": [{"text": "good"}]}
        job = http.post(f"{home}/v1/batches", json=asked)
        assert job.headers["location"] == f"{ROOT}/v1/jobs/{job.json()['id']}"
        finished = next(job for job in http.get(f"{home}/v1/jobs").json()["jobs"] if job["kind"] == "audit")
        links = finished["result"]["links"]
        assert links
        for link in links.values():
            assert link.startswith(f"{ROOT}/")
            assert http.get(origin + link).status_code == 200
        events = http.get(f"{home}/v1/jobs/{finished['id']}/events").text
        assert f'"page":"{links["page"]}"' in events

        assert http.get(f"{home}/?lang=zh").headers["set-cookie"].count(f"Path={ROOT};") == 1
        assert http.get(home).status_code == 200
        assert http.get(f"{home}/openapi.json").json()["servers"] == [{"url": ROOT}]
        assert f"{home}/v1/panels" in http.get(f"{home}/rest").text


@pytest.mark.parametrize("stroke", ["", "/"])
def test_the_client_follows(tmp_path: Path, stroke: str) -> None:
    """Its address is the one that a browser opens."""
    with (
        serving(tmp_path, root_path=ROOT) as server,
        proxied(server, ROOT, strips=True) as home,
        Client(home + stroke) as whence,
    ):
        made = whence.explain("good but bad", method="leave-one-out")
        assert whence.find_explanation(made.key).key == made.key
        assert whence.job(whence.batch(["good"]).id).kind == "batch"
        assert [one.id for one in whence.models()] == ["sentiment"]


def test_signing_in_stays_below_the_path(tmp_path: Path) -> None:
    """A stranger is sent to the sign-in page and from there where they wanted to go; neighbours of the host do not get
    the cookie, so its name is not the one that only a whole host may have."""
    app, _ = served(tmp_path, auth="apikey", root_path=ROOT)
    with TestClient(app, base_url="https://localhost", headers=PAGE | {"Origin": "https://localhost"}) as client:
        key = client.portal.call(
            lambda: create(app.state.services.store, name="Ann", scopes=[Scope.ADMIN], project="alpha")
        ).secret  # type: ignore[union-attr]
        asked = client.get(f"{ROOT}/history", follow_redirects=False)
        assert asked.headers["location"] == f"{ROOT}/sign-in?next=/history"
        form = client.get(asked.headers["location"]).text
        assert f'action="{ROOT}/sign-in"' in form
        entered = client.post(f"{ROOT}/sign-in", data={"key": key, "next": "/history"}, follow_redirects=False)
        assert entered.headers["location"] == f"{ROOT}/history"
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Secure-whence=")
        assert f"Path={ROOT};" in cookie
        assert client.get(f"{ROOT}/history").status_code == 200
        left = client.post(f"{ROOT}/sign-out", follow_redirects=False)
        assert left.headers["location"] == f"{ROOT}/sign-in"
        assert client.get(f"{ROOT}/history", follow_redirects=False).status_code == 303


def test_a_prefix_of_anybody_else_is_not_believed(tmp_path: Path) -> None:
    """It could send a browser to another server."""
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        page = client.get("/", headers=PAGE | {"X-Forwarded-Prefix": "/elsewhere"})

    assert page.status_code == 200
    assert "elsewhere" not in page.text


@pytest.mark.parametrize(
    "prefix", ["//evil.example", "https://evil.example", "/a/../b", '/a"b', "/a b", "whence", "/a,/b"]
)
def test_a_prefix_that_is_no_path_is_refused(tmp_path: Path, prefix: str) -> None:
    """With what it was and what is allowed; also as a setting."""
    app, _ = served(tmp_path, proxy_peers=("10.0.0.5",))
    with TestClient(app, base_url="http://localhost", client=("10.0.0.5", 1)) as client:
        answer = client.get("/v1/models", headers={"X-Forwarded-Prefix": prefix})

    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_prefix"
    assert "/tools/whence" in answer.json()["detail"]
    with pytest.raises(ValidationError, match="no path below which"):
        Settings(data=tmp_path, root_path=prefix)


def test_a_path_that_begins_like_a_page_of_its_own(tmp_path: Path) -> None:
    """The proxy has taken it off: /models is the page of models, not the home page below /models."""
    app, _ = served(tmp_path, proxy_peers=("10.0.0.5",))
    told = PAGE | {"X-Forwarded-Prefix": "/models"}
    with TestClient(app, base_url="http://localhost", client=("10.0.0.5", 1), headers=told) as client:
        page = client.get("/models").text

    assert 'data-page="models"' in page
    assert 'href="/models/history"' in page


def texts(pattern: str) -> dict[str, str]:
    """The files of the checkout that match, by name."""
    found = {str(path.relative_to(CHECKOUT)): path.read_text(encoding="utf-8") for path in CHECKOUT.glob(pattern)}
    assert found
    return found


def test_addresses_stand_only_where_the_door_finds_them() -> None:
    """An attribute that holds an address is one of those that pages are rewritten by; in double quotation marks."""
    unquoted = re.compile(rf"\s(?:{'|'.join(ATTRIBUTES)})\s*=\s*(?:'|[^\"'\s])")
    templates = texts("templates/**/*.html")
    tags = {name: re.sub(r"{%.*?%}", "", text, flags=re.DOTALL) for name, text in templates.items()}
    others = {name: set(ADDRESS.findall(text)) - set(ATTRIBUTES) for name, text in tags.items()}

    assert {name: attributes for name, attributes in others.items() if attributes} == {}
    assert [name for name, text in templates.items() if unquoted.search(text)] == []


def test_scripts_and_style_sheets_know_no_address_of_the_server() -> None:
    """They name each other relatively and take every other address from the page."""
    named = {
        file: re.findall(r"""(?:["'`(])/[a-z][\w/]*""", text) for file, text in texts("static/[cj]*s/**/*.*s").items()
    }

    assert {file: addresses for file, addresses in named.items() if addresses} == {}
