"""Data sets over REST: a file is sent, the job runner reads it, rows come page by page."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from app.datasets.browsing.browse import Filters
from app.store import jobs
from app.store.job_states import State
from tests.app.datasets.given import REVIEWS
from tests.app.jobs.inline import execution
from tests.served import served

PREDICTED = {  # the linear model says yes for good and gorgeous, no for bad
    "a gorgeous film": "yes", "good shoes": "yes", "bad, bad shoes": "no",
}  # fmt: skip
LABELLED = REVIEWS.replace(b"positive", b"yes").replace(b"negative", b"no")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def run(client: TestClient) -> Callable[[], None]:
    """What the job runner would do with every job that waits."""

    def jobs_done() -> None:
        store = client.app.state.services.store  # type: ignore[attr-defined]
        for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
            execution(store).run(job)

    return jobs_done


@pytest.fixture
def sent(client: TestClient, run: Callable[[], None]) -> Callable[..., dict[str, Any]]:
    def send(content: bytes = LABELLED, **params: Any) -> dict[str, Any]:
        answer = client.post("/v1/datasets", content=content, params={"name": "reviews.csv"} | params)
        assert answer.status_code == 202, answer.text
        run()
        found: dict[str, Any] = client.get(answer.headers["location"]).json()
        return found

    return send


ASKED = {"text": "text", "label": "label", "groups": "product"}


def predicted(client: TestClient, run: Callable[[], None], id: str, **asked: Any) -> None:
    answer = client.post(f"/v1/datasets/{id}/predictions", json={"model": "sentiment"} | asked)
    assert answer.status_code == 202, answer.text
    run()
    job = client.get(answer.headers["location"]).json()
    assert job["state"] == "done", job


def test_a_file_that_is_sent_is_read(client: TestClient, sent: Callable[..., dict[str, Any]]) -> None:
    """Until the job runner has read it, it waits; the mapping is guessed."""
    found = sent()

    assert (found["status"], found["rows"], found["bad_rows"]) == ("ready", 5, 0)
    assert found["mapping"]["text"] == "text"
    assert found["mapping"]["label"] == "label"
    assert client.get("/v1/datasets").json()["datasets"][0]["id"] == found["id"]
    rows = client.get(f"/v1/datasets/{found['id']}/rows").json()
    assert [row["text"] for row in rows["rows"]][:2] == ["a gorgeous film", "a dull film"]
    assert rows["total"] == 5


def test_a_form_is_a_file_with_fields(client: TestClient, run: Callable[[], None]) -> None:
    """As browsers and curl -F send it."""
    answer = client.post(
        "/v1/datasets",
        files={"file": ("../up/reviews.csv", LABELLED)},
        data={"text": "text", "label": "label", "groups": ["product"]},
    )
    run()

    found = client.get(answer.headers["location"]).json()
    assert found["name"] == "reviews.csv"
    assert found["groups"] == {"product": ["film", "shoes"]}


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        ({"content": b""}, "empty"),
        ({"data": {"text": "text"}, "headers": {"content-type": "multipart/form-data"}}, "boundary"),
        ({"content": b"--x\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=x"}}, ""),
        ({"files": [("file", ("a", b"1")), ("file", ("b", b"2"))]}, "more than one file"),
        ({"files": {"file": ("a", b"text")}, "data": {"label": "x"}}, "text"),
        ({"files": {"file": ("a", b"text")}, "data": {"format": "xlsx"}}, "xlsx"),
        ({"files": {"file": ("a", b"text")}, "data": {"text": "x" * 10_001}}, "over 10,000 bytes"),
    ],
)
def test_what_is_no_file_is_refused(client: TestClient, request_: dict[str, Any], says: str) -> None:
    """422 with the cure."""
    answer = client.post("/v1/datasets", **request_)

    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert answer.json()["cure"]


def test_a_file_over_the_limit_is_refused_as_it_comes(tmp_path: Path) -> None:
    """Whether its length is declared or not; questions keep their own limit."""
    app, _ = served(tmp_path, upload_limit=5000, body_limit=2000)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.post("/v1/datasets", content=b"text\n" + b"good\n" * 900).status_code == 202
        declared = client.post("/v1/datasets", content=b"x" * 10_000)
        streamed = client.post("/v1/datasets", content=(b"x" * 1000 for _ in range(6)))
        question = client.post("/v1/predictions", content=b"x" * 3000)

        assert (declared.status_code, streamed.status_code, question.status_code) == (413, 413, 413)
        assert list(tmp_path.rglob("request-*")) == []


def test_a_model_is_asked_about_every_row(
    client: TestClient, run: Callable[[], None], sent: Callable[..., dict[str, Any]]
) -> None:
    """Predictions, the confusion matrix, explanations of a sample with their badges and words."""
    found = sent(**ASKED)
    predicted(client, run, found["id"], explain=5)

    rows = client.get(f"/v1/datasets/{found['id']}/rows", params={"model": "sentiment"}).json()["rows"]
    assert {row["text"]: row["predicted"] for row in rows if row["text"] in PREDICTED} == PREDICTED
    assert all(row["explanation"] and row["badge"] for row in rows)
    assert client.get(f"/v1/explanations/{rows[0]['explanation']}").json()["text"] == rows[0]["text"]
    summary = client.get(f"/v1/datasets/{found['id']}/summary").json()
    assert sum(cell["rows"] for cell in summary["confusion"]) == 5
    assert summary["right"] == sum(row["right"] for row in rows)
    assert "gorgeous" in {word["word"] for word in summary["words"] if word["total"] > 0}


def filters() -> list[dict[str, Any]]:
    return [
        {}, {"label": "yes"}, {"predicted": "no"}, {"right": "true"}, {"right": "false"}, {"group": "product:film"},
        {"label": "no", "predicted": "no", "group": "product:shoes"}, {"low": "0.9"}, {"low": "0.2", "high": "0.9"},
        {"badge": "none"}, {"badge": "sound"}, {"search": "nowhere"}, {"search": "FILM"}, {"search": "%"},
    ]  # fmt: skip


@pytest.mark.parametrize("sort", ["number", "-number", "probability", "-probability", "badge", "-badge"])
def test_pages_of_two_rows_are_the_whole_choice(
    client: TestClient, run: Callable[[], None], sent: Callable[..., dict[str, Any]], sort: str
) -> None:
    """For every filter in every order; the total is that of the rows where it is told."""
    found = sent(**ASKED)
    predicted(client, run, found["id"], explain=3)
    address = f"/v1/datasets/{found['id']}/rows"
    for chosen in filters():
        whole = client.get(address, params=chosen | {"sort": sort}).json()
        pages: list[Any] = []
        cursor: dict[str, str] = {}
        while cursor is not None:
            page = client.get(address, params=chosen | {"sort": sort, "limit": 2} | cursor).json()
            pages += page["rows"]
            cursor = {"cursor": page["next"]} if page["next"] else None  # type: ignore[assignment]

        assert pages == whole["rows"], chosen
        assert len({row["number"] for row in pages}) == len(pages)
        if whole["total"] is not None:
            assert whole["total"] == len(pages)
        if "probability" in sort and "search" not in chosen:
            shares = [row["probability"] for row in pages]
            assert shares == sorted(shares, reverse=sort.startswith("-"))


@pytest.mark.parametrize("cursor", ["x", "nan:1", "1e999:1", ":", "0.5:", "0.5:-1", "9:9999999999"])
@pytest.mark.parametrize("sort", ["number", "probability", "badge"])
def test_a_cursor_that_is_none_is_refused(
    client: TestClient, sent: Callable[..., dict[str, Any]], cursor: str, sort: str
) -> None:
    """422 and never a 500."""
    answer = client.get(f"/v1/datasets/{sent()['id']}/rows", params={"cursor": cursor, "sort": sort})

    assert answer.status_code == 422


def test_another_model_has_rows_of_its_own(
    client: TestClient, run: Callable[[], None], sent: Callable[..., dict[str, Any]]
) -> None:
    """The name of a model that was not asked is an error that names those that were."""
    found = sent(**ASKED)
    predicted(client, run, found["id"])

    answer = client.get(f"/v1/datasets/{found['id']}/rows", params={"model": "other"})
    plain = client.get(f"/v1/datasets/{found['id']}/rows", params={"model": ""}).json()
    assert answer.status_code == 404
    assert "there are: sentiment" in answer.json()["detail"]
    assert {row["predicted"] for row in plain["rows"]} == {None}


def test_exports_hold_what_the_filters_choose(
    client: TestClient, run: Callable[[], None], sent: Callable[..., dict[str, Any]]
) -> None:
    """JSON lines, CSV and Parquet say the same; a cell that looks like a formula is prefixed in CSV alone."""
    found = sent(b"text,label\n=1+1 good,yes\nbad,no\n-2 good,no\n", text="text", label="label")
    predicted(client, run, found["id"], explain=3)
    address, chosen = f"/v1/datasets/{found['id']}/export", {"predicted": "yes"}

    def exported(media: str) -> bytes:
        answer = client.get(address, params=chosen, headers={"Accept": media})
        assert answer.headers["content-disposition"].startswith("attachment; ")
        return answer.content

    lines = [json.loads(line) for line in exported("application/x-ndjson").splitlines()]
    cells = list(csv.DictReader(io.StringIO(exported("text/csv").decode(), newline="")))
    table = pq.read_table(io.BytesIO(exported("application/vnd.apache.parquet"))).to_pylist()
    assert [line["text"] for line in lines] == ["=1+1 good", "-2 good"] == [row["text"] for row in table]
    assert [row["text"] for row in cells] == ["'=1+1 good", "'-2 good"]
    assert [row["probability"] for row in table] == [line["probability"] for line in lines]


def test_a_deleted_data_set_is_gone(client: TestClient, sent: Callable[..., dict[str, Any]]) -> None:
    """And may be sent again."""
    found = sent()

    assert client.delete(f"/v1/datasets/{found['id']}").status_code == 204
    assert client.get(f"/v1/datasets/{found['id']}").status_code == 404
    assert client.delete(f"/v1/datasets/{found['id']}").status_code == 404
    assert client.get("/v1/datasets").json()["datasets"] == []
    assert sent()["rows"] == 5


def test_a_data_set_that_is_not_read_has_no_rows_yet(client: TestClient) -> None:
    """404 for its rows, 409 for a model; both say that its file is not read."""
    where = client.post("/v1/datasets", content=LABELLED).headers["location"]

    assert "not read yet" in client.get(f"{where}/rows").json()["detail"]
    answer = client.post(f"{where}/predictions", json={"model": "sentiment"})
    assert answer.status_code == 409


def test_no_filter_is_no_filter() -> None:
    """The page says whether the table is a part of the rows."""
    assert not Filters().narrow
    assert Filters(right=False).narrow
