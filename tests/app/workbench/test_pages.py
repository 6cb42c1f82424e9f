"""The workbench as a browser gets it: without scripts, every view is a table or a drawing of the server."""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from app.contracts.contract import parsed
from app.store import jobs
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.served import served

HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
KINDS = [
    ("good shoes", "yes", "a"),
    ("bad shoes", "no", "b"),
    ("not good shoes", "no", "b"),
    ("fine shoes", "yes", "a"),
]
COLOURS, SIZES = ("red", "blue", "green", "grey", "black"), ("big", "small", "old", "new", "odd")
THINGS = [f"{colour} {size} thing {colour}{size}" for colour in COLOURS for size in SIZES]
ROWS = [(f"{text}, a {thing}", label, source) for thing in THINGS for text, label, source in KINDS]
FILE = "text,label,source\n" + "".join(f'"{text}",{label},{source}\n' for text, label, source in ROWS)


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
def id(client: TestClient) -> str:
    """A hundred rows of which the model takes every `not good` for good, and every `fine` for bad."""
    answer = client.post("/datasets", files={"file": ("reviews.csv", FILE)}, follow_redirects=False)
    run(client)
    where = str(answer.headers["location"])
    early = client.get(f"{where}/workbench")
    assert "Ask about every row" in early.text
    wait = client.post(f"{where}/predict", data={"model": "sentiment", "explain": "4"})
    assert "The model is being asked." in wait.text
    assert client.get(f"/v1{where}/workbench", headers={"Accept": "application/json"}).status_code == 409
    run(client)
    return where.rpartition("/")[2]


def words(page: str) -> str:
    page = re.sub(r"<(script|style|head).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def shown(client: TestClient, id: str, **asked: Any) -> str:
    answer = client.get(f"/datasets/{id}/workbench?{urlencode(asked)}")
    assert answer.status_code == 200, answer.text
    return answer.text


def rest(client: TestClient, method: str, path: str, **given: Any) -> Any:
    answer = client.request(method, f"/v1/datasets/{path}", headers={"Accept": "application/json"}, **given)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


def test_every_view_is_on_the_page(client: TestClient, id: str) -> None:
    """Figures in words, tables and drawings, with nothing that needs a script."""
    page = words(shown(client, id))

    assert "Right on 50 of 100 rows. It fails on: " in page
    assert "50.0 %, 95 % interval 40.4 % to 59.6 %." in page
    for view in ("Confusion matrix", "Calibration", "Where it fails", "Threshold and cost", "ROC of “yes”",
                 "Precision and recall", "Length and errors", "label looks wrong"):  # fmt: skip
        assert view in page
    assert "Rows 1 to 20 of 100." in page
    assert "Confirmed" in page


def test_a_selection_is_in_every_view_and_in_the_address(client: TestClient, id: str) -> None:
    """A field of the matrix, another condition, and each taken away again."""
    page = shown(client, id)
    cell = html.unescape(re.search(r'<a class="cell"[^>]*href="([^"]+)"', page)[1])  # type: ignore[index]
    chosen = client.get(cell).text

    assert 'label = "no" and predicted = "yes"' in html.unescape(re.sub(r"%22", '"', cell.replace("+", " "))).replace(
        "%3D", "="
    )
    assert "25 rows 0.0 % right" in words(chosen)
    assert "Rows 1 to 20 of 25." in words(chosen)
    assert "rest 66.7 %" in words(chosen)
    assert "Word here rest not 100 % 0 %" in words(chosen)
    assert words(chosen).count("no 25 50 % 25 50 %") == 1  # the matrix still shows the other fields
    chips = re.findall(r'<a class="chip" href="([^"]+)"><span dir="auto">label “no”', chosen)
    assert "50 rows" in words(client.get(html.unescape(chips[0])).text)
    again = re.search(r'<a class="cell"[^>]*href="([^"]+)"', chosen)
    assert html.unescape(again[1]) == f"/datasets/{id}/workbench"  # type: ignore[index]


def test_a_slice_is_saved_named_and_used(client: TestClient, id: str) -> None:
    """Words of texts are posted; the address has the key. The same conditions are one slice."""
    form = {"statement": 'contains "NOT" and source=b', "name": "Denials", "state": ""}
    answer = client.post(f"/datasets/{id}/workbench/slices", data=form, follow_redirects=False)
    where = answer.headers["location"]
    page = words(client.get(where).text)

    assert answer.status_code == 303
    assert "not" not in where.lower()
    assert "Denials 25 0 % −66.7" in page
    assert "25 rows 0.0 % right" in page
    listed = {each["name"]: each for each in rest(client, "GET", f"{id}/slices")["slices"]}
    assert listed["Denials"]["statement"] == 'contains "NOT" and source = "b"'
    assert listed["Denials"]["figures"]["n"] == 25
    assert listed["Denials"]["figures"]["q"] < 0.001
    key = listed["Denials"]["key"]
    out = rest(client, "GET", f"{id}/workbench", params={"slice": key, "where": "words >= 6"})
    assert out["statement"] == 'contains "NOT" and source = "b" and words >= 6'
    csv = client.get(f"/datasets/{id}/workbench/export/csv", params={"slice": key}).text
    assert csv.count("\n") == 26
    inside = rest(client, "POST", f"{id}/slices", json={"statement": 'slice "Denials" and right'})
    assert inside["figures"]["rows"] == 0
    rest(client, "DELETE", f"{id}/slices/{inside['key']}")
    rest(client, "DELETE", f"{id}/slices/{key}")
    assert "Denials" not in shown(client, id)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"where": 'contains "good"'}, "words of texts do not belong into an address"),
        ({"where": "colour = red"}, "there is no column 'colour'"),
        ({"where": "(right"}, "the conditions are not understood"),
        ({"threshold": "2"}, "threshold"),
        ({"sort": "random"}, "sort"),
    ],
)
def test_a_bad_address_is_told_on_the_page(client: TestClient, id: str, asked: dict[str, str], says: str) -> None:
    """With the page of all rows below; over REST as a problem."""
    answer = client.get(f"/datasets/{id}/workbench", params=asked)

    assert answer.status_code in (400, 422)
    assert says in words(answer.text)
    problem = client.get(f"/v1/datasets/{id}/workbench", params=asked, headers={"Accept": "application/json"})
    assert problem.status_code in (400, 422)


def test_conditions_that_were_refused_stay_in_the_form(client: TestClient, id: str) -> None:
    """So that they can be mended; an unknown slice and an unknown model are not there."""
    typed = 'wrong and matches "(?=a)"'
    answer = client.post(f"/datasets/{id}/workbench/slices", data={"statement": typed, "state": ""})

    assert answer.status_code == 422
    assert html.escape(typed, quote=True).replace("&quot;", "&#34;") in answer.text
    assert "no look-around" in answer.text
    assert client.get(f"/datasets/{id}/workbench?slice=none").status_code == 404
    assert client.get(f"/datasets/{id}/workbench?model=none").status_code == 404


def test_marks_make_a_new_data_set(client: TestClient, id: str) -> None:
    """Rows are ticked and marked; the last mark holds, and the new data set knows where it comes from."""
    page = f"/datasets/{id}/workbench"
    numbers = {"row-2": "1", "row-6": "1"}
    client.post(f"{page}/marks", data={**numbers, "action": "relabel:yes", "state": ""})
    client.post(f"{page}/marks", data={"row-0": "1", "action": "drop", "state": ""})
    client.post(f"{page}/marks", data={"row-6": "1", "action": "clear", "state": ""})
    client.post(f"{page}/marks", data={"row-7": "1", "action": "note", "note": "odd & old", "state": ""})
    marks = rest(client, "GET", f"{id}/marks")["marks"]

    assert [(each["row"], each["action"], each["value"]) for each in marks] == [
        (0, "drop", None), (2, "relabel", "yes"), (7, "note", "odd & old"),
    ]  # fmt: skip
    assert "note : odd & old" in words(shown(client, id, sort="number")).replace("note:", "note :")
    endless = client.post(f"{page}/marks", data={f"row-{'9' * 5000}": "1", "action": "drop", "state": ""})
    nothing = client.post(f"{page}/marks", data={"action": "drop", "state": ""})
    for refused in (endless, nothing):
        assert (refused.status_code, "no row is ticked" in refused.text) == (422, True)
    made = client.post(f"{page}/versions", data={"state": ""}, follow_redirects=False).headers["location"]
    run(client)
    found = rest(client, "GET", made.rpartition("/")[2])
    rows = rest(client, "GET", f"{found['id']}/rows")["rows"]
    assert (found["origin"], found["rows"], found["status"]) == (id, 99, "ready")
    assert [(row["text"], row["label"]) for row in rows[:2]] == [(ROWS[1][0], "no"), (ROWS[2][0], "yes")]
    assert "made of another data set" in client.get(made).text or "group source" in json.dumps(found["mapping"])


def test_rows_of_a_selection_are_explained(client: TestClient, id: str) -> None:
    """A job over the rows that are chosen; its words are painted in the rows."""
    job = rest(client, "POST", f"{id}/workbench/explanations", params={"where": "row <= 3", "count": 5})
    run(client)
    rows = rest(client, "GET", f"{id}/workbench/rows", params={"where": "row <= 3", "sort": "number"})["rows"]

    assert rest(client, "GET", f"{id}")["job"] == job["id"]
    assert all(row["explanation"] for row in rows)
    assert [row["words"][0][0] for row in rows] == ["good", "bad", "good"]
    assert '<mark class="heat w" data-step="5">good</mark>' in shown(client, id, where="row = 1")


def test_a_slice_is_sent_to_somebody(client: TestClient, id: str) -> None:
    """As a page without network in the reader's language, as a contract that `whence check` reads, and as rows."""
    made = rest(client, "POST", f"{id}/slices", json={"statement": 'contains "not"', "name": "Denials & <more>"})
    asked = {"slice": made["key"]}
    page = client.get(f"/datasets/{id}/workbench/export/html", params=asked)
    told = words(page.text)
    assert "Denials & <more>" in told
    assert "Right on 0 of 25 rows: 0.0 %. 95 % interval 0.0 % to 13.3 %. On the other rows 66.7 %" in told
    assert "not good shoes, a red big thing redbig" in told
    explained = client.get(f"/datasets/{id}/workbench/export/html", params={"where": "row <= 3"}).text
    assert re.search(r'>not</mark> <mark class="up s\d">good</mark> shoes', explained)  # blanks stay between the words
    assert "default-src 'none'" in html.unescape(page.text)
    assert re.findall(r"(?:src|href)=", page.text) == []
    chinese = client.get(f"/v1/datasets/{id}/workbench/export", params={**asked, "format": "html", "language": "zh"})
    assert "选中行的报告" in chinese.text
    body = client.get(f"/v1/datasets/{id}/workbench/export", params={"format": "contract"}).content
    with zipfile.ZipFile(io.BytesIO(body)) as file:
        contract = parsed(file.read("contract.toml").decode())
        kept = [json.loads(line) for line in file.read("rows.jsonl").splitlines()]
    assert contract.accuracy is not None
    assert contract.accuracy.at_least == 0.403  # the lower end of 50 of 100, 40.4 %, rounded down
    assert contract.golden[0].predicts in ("yes", "no")
    assert [(row["text"], row["label"]) for row in kept] == [(text, label) for text, label, _ in ROWS]
    assert body == client.get(f"/v1/datasets/{id}/workbench/export", params={"format": "contract"}).content
    refused = client.get(f"/v1/datasets/{id}/workbench/export", params={"where": "row > 900", "format": "contract"})
    assert (refused.status_code, "no row of the selection can be judged" in refused.text) == (422, True)
    assert client.get(f"/datasets/{id}/workbench/export/docx").status_code == 404
    assert client.get(f"/datasets/{id}/workbench/export/csv", params=asked).text.count("\n") == 26
    rest(client, "DELETE", f"{id}/slices/{made['key']}")


def test_found_slices_show_errors_of_theirs(client: TestClient, id: str) -> None:
    """With the way to each row; errors of the half that the search did not see."""
    page = shown(client, id)
    (first, *_) = re.findall(r'<ul class="slice-errors">(.*?)</ul>', page, flags=re.S)

    assert len(re.findall(r"<li>", first)) == 3
    assert re.search(rf'href="/datasets/{id}/rows/\d+\?model=sentiment"', first)


def test_two_models_are_compared(client: TestClient, id: str) -> None:
    """Another model on the same rows: who is right where, over all and by slice."""
    client.post(f"/datasets/{id}/predict", data={"model": "broken", "explain": "0"})
    answer = client.get(f"/datasets/{id}/workbench", params={"model": "sentiment", "against": "sentiment"})

    assert "Over all rows no difference is shown." in words(answer.text)
    assert "50 both right 0 only A wrong 0 only B 50 both wrong" in words(answer.text)


def test_the_page_speaks_chinese(client: TestClient, id: str) -> None:
    """Every word of the page but those of the data."""
    page = words(client.get(f"/datasets/{id}/workbench?lang=zh").text)

    for chinese in ("切片", "错在哪里", "阈值与代价", "含有“not”", "标签疑似有误", "已证实"):
        assert chinese in page
    for english in ("Slices", "Calibration", "Where it fails", "Threshold", "Confirmed", "accuracy"):
        assert english not in page
