"""Variants from the form to the figures, over the page and REST, with a model whose answers are known."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.store import jobs
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.served import served

HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
ROWS = [(f"{word} shoes number {k}", label) for k in range(20) for word, label in (("good", "yes"), ("bad", "no"))]
FILE = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("variants"), upload_limit=1 << 20)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


def run(client: TestClient) -> None:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    while waiting := store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
        for job in waiting:
            execution(store).run(job)


@pytest.fixture(scope="module")
def id(client: TestClient) -> str:
    where = str(client.post("/datasets", files={"file": ("a.csv", FILE)}, follow_redirects=False).headers["location"])
    run(client)
    early = client.get(f"{where}/variants")
    assert "No model was asked about these rows yet." in early.text
    client.post(f"{where}/predict", data={"model": "sentiment", "explain": "0"})
    run(client)
    return where.rpartition("/")[2]


def words(page: str) -> str:
    page = re.sub(r"<(script|style|head).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def rest(client: TestClient, method: str, path: str, **given: Any) -> Any:
    answer = client.request(method, f"/v1/datasets/{path}", headers={"Accept": "application/json"}, **given)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_variants_are_made_predicted_and_measured(client: TestClient, id: str) -> None:
    """Good for bad turns every row, case none; fewest words turn those that a word alone decides."""
    body = {
        "where": 'label = "yes"',
        "recipes": [
            {"how": "replace", "pairs": [["good", "bad"]], "must": "fall", "target": "yes"},
            {"how": "case"},
            {"how": "flip"},
        ],
        "rows": 15,
        "seed": 4,
    }
    job = rest(client, "POST", f"{id}/variants", json=body)
    run(client)
    (made,) = rest(client, "GET", f"{id}/variants")["variants"]
    turned, case, fewest = made["behaviours"]["behaviours"]

    assert (turned["n"], turned["flipped"], turned["failed"]) == (15, 15, 0)
    assert turned["change"] < -0.5
    assert (case["n"], case["flipped"], case["must"], case["labelled"]) == (15, 15, "stay", 15)
    assert case["p"] == pytest.approx(2 * 0.5**15)
    assert [each["text"].split()[0] for each in case["examples"]] == ["good"] * 8
    assert (fewest["rows"], fewest["flipped"]) == (15, 15)
    rows = rest(client, "GET", f"{made['dataset']}/rows?limit=100")["rows"]
    assert {row["text"].split()[0] for row in rows[:15]} == {"bad"}
    assert rows[20]["groups"] == {"variant": "case"}
    again = rest(client, "POST", f"{id}/variants", json=body)
    run(client)
    assert again["id"] != job["id"]
    assert [each["dataset"] for each in rest(client, "GET", f"{id}/variants")["variants"]] == [made["dataset"]]
    assert rest(client, "GET", made["dataset"])["origin"] == id


def test_the_page_shows_them_and_makes_more(client: TestClient, id: str) -> None:
    """A form over the selection of the address; what was typed stays when it is refused."""
    page = f"/datasets/{id}/variants"
    refused = client.post(page, data={"state": "", "replace": "1", "pairs": "good", "rows": "10"})
    assert (refused.status_code, "is no pair of words" in refused.text) == (422, True)
    assert 'name="replace" value="1" checked' in refused.text
    assert "no way to change texts is ticked" in client.post(page, data={"state": ""}).text
    made = client.post(
        page, data={"state": "where=row+%3C%3D+20", "punctuation": "1", "punctuation-must": "stay", "rows": "10"},
        follow_redirects=False,
    )  # fmt: skip
    assert (made.status_code, made.headers["location"]) == (303, f"{page}?where=row+%3C%3D+20")
    assert "A job on these rows is running" in words(client.get(page).text)
    run(client)
    shown = words(client.get(page).text)
    assert "Punctuation 10 rows; nothing to change in 0 must stay 10 0.0 % 0.0 % – 27.8 % 0.0 %" in shown
    assert "20 rows are selected." in words(client.get(f"{page}?where=row+%3C%3D+20").text)
    chinese = words(client.get(f"{page}?lang=zh").text)
    for word in ("标点", "必须不变", "变体"):
        assert word in chinese


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"recipes": []}, 422, "recipes"),
        ({"recipes": [{"how": "typo", "must": "rise", "target": "maybe"}]}, 422, "no class of the model"),
        ({"recipes": [{"how": "typo"}], "where": "row < 1"}, 422, "the selection has no row"),
        ({"recipes": [{"how": "typo"}], "model": "other"}, 404, "no predictions of"),
    ],
)
def test_a_bad_wish_is_refused(client: TestClient, id: str, body: dict[str, Any], status: int, says: str) -> None:
    answer = client.post(f"/v1/datasets/{id}/variants", json=body, headers={"Accept": "application/json"})

    assert (answer.status_code, says in answer.text) == (status, True), answer.text
    assert client.get(f"/v1/datasets/{id}/behaviours", headers={"Accept": "application/json"}).status_code == 404
