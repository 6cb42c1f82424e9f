"""The workbench as a browser gets it: without scripts, every view is a table or a drawing of the server."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from app.store import jobs
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.served import served

HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
ROWS = [("good shoes", "yes", "a"), ("bad shoes", "no", "b"), ("not good shoes", "no", "b"), ("fine", "yes", "a")]
FILE = "text,label,source\n" + "".join(
    f"{text} number {number},{label},{source}\n" for number in range(25) for text, label, source in ROWS
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("bench"), upload_limit=1 << 20)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


def run(client: TestClient) -> None:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
        execution(store).run(job)


@pytest.fixture(scope="module")
def bench(client: TestClient) -> str:
    answer = client.post("/datasets", files={"file": ("reviews.csv", FILE)}, follow_redirects=False)
    run(client)
    where = str(answer.headers["location"])
    wait = client.post(f"{where}/predict", data={"model": "sentiment", "explain": "4"})
    assert "being asked" in wait.text
    run(client)
    return f"{where}/workbench"


def words(page: str) -> str:
    page = re.sub(r"<(script|style|head).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_page(client, bench) -> None:
    page = client.get(bench)
    Path("/tmp/gb/page.html").write_text(page.text)
    print(words(page.text))
    assert page.status_code == 200
