"""The pages of data sets as a browser gets them."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.store import jobs
from app.store.job_states import State
from tests.app.datasets.given import REVIEWS
from tests.app.jobs.inline import execution
from tests.served import served

HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
LABELLED = REVIEWS.replace(b"positive", b"yes").replace(b"negative", b"no")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path, upload_limit=1 << 20)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


@pytest.fixture
def run(client: TestClient) -> Callable[[], None]:
    def jobs_done() -> None:
        store = client.app.state.services.store  # type: ignore[attr-defined]
        for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
            execution(store).run(job)

    return jobs_done


@pytest.fixture
def sent(client: TestClient, run: Callable[[], None]) -> Callable[..., str]:
    """The address of a data set that a model was asked about."""

    def send(content: bytes = LABELLED, name: str = "reviews.csv", *, asked: bool = True) -> str:
        answer = client.post("/datasets", files={"file": (name, content)}, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        run()
        where = str(answer.headers["location"])
        if asked:
            assert client.post(f"{where}/predict", data={"model": "sentiment", "explain": "3"}).status_code == 200
            run()
        return where

    return send


def words(page: str) -> str:
    page = re.sub(r"<(script|style|head).*?</\1>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def table(page: str) -> list[int]:
    """The numbers of the rows that are shown, from 0."""
    return [int(number) for number in re.findall(r'<tr id="r-(\d+)">', page)]


def test_a_file_leads_to_its_page(client: TestClient, sent: Callable[..., str]) -> None:
    """303 to a permanent address; once read it shows the rows, and after the model the matrix and the words."""
    page = client.get(sent()).text

    assert table(page) == [0, 1, 2, 3, 4]
    assert "a gorgeous film" in words(page)
    assert "Confusion matrix" in words(page)
    assert "Words that carry it" in words(page)


def test_the_demo_is_two_clicks_away(client: TestClient, run: Callable[[], None]) -> None:
    """It is our own text and needs no file."""
    where = client.post("/datasets/demo", follow_redirects=False).headers["location"]
    run()

    page = client.get(where).text
    assert "48 rows" in words(page)
    assert "negated" in page


def test_fields_of_the_matrix_select_their_rows(client: TestClient, sent: Callable[..., str]) -> None:
    """Each link shows as many rows as its field says."""
    page = client.get(sent()).text
    fields = re.findall(r'<a class="cell[^>]*href="([^"#]+)#rows"><b class="num">(\d+)</b>', page)

    assert fields
    assert sum(int(count) for _, count in fields) == 5
    for address, count in fields:
        assert len(table(client.get(html.unescape(address)).text)) == int(count)


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("label=yes", [0, 2]), ("label=&predicted=&right=&badge=&low=&high=&sort=number", [0, 1, 2, 3, 4]),
        ("sort=-number", [4, 3, 2, 1, 0]), ("predicted=no&label=yes", []), ("low=0&high=1&label=no", [1, 3, 4]),
    ],
)  # fmt: skip
def test_filters_in_the_address_choose_rows(
    client: TestClient, sent: Callable[..., str], query: str, shown: list[int]
) -> None:
    """As the form sends them, empty fields and all."""
    assert table(client.get(f"{sent()}?{query}").text) == shown


def test_a_filter_that_cannot_be_is_refused(client: TestClient, sent: Callable[..., str]) -> None:
    """422 with a way back, never a 500; what is ignored, or an empty table, would look like an answer. Over REST and
    from a file that is to be taken along too."""
    where = sent()
    malformed = ("low=x", "low=2", "sort=x", "badge=x", "group=x", "cursor=x", f"label={'x' * 300}")
    unknown = {"label=nothing": "no, yes", "predicted=nothing": "no, yes", "group=age:old": "none"}

    for query in (*malformed, *unknown):
        assert client.get(f"{where}?{query}").status_code == 422, query
    for query, there in unknown.items():
        assert f"there are: {there}" in html.unescape(client.get(f"{where}?{query}").text)
        assert client.get(f"{where}/export/csv?{query}").status_code == 422
        assert client.get(f"/v1{where}/rows?{query}").status_code == 422, query


def test_a_search_is_posted_and_keeps_the_filters(client: TestClient, sent: Callable[..., str]) -> None:
    """A text is never part of an address."""
    where = sent()
    answer = client.post(f"{where}/search", data={"search": "FILM", "state": "label=no"})

    assert table(answer.text) == [1]
    assert "FILM" not in str(answer.url)
    assert client.post(f"{where}/search", data={"search": "", "state": "label=no"}).url.query == b"label=no"
    assert client.get(f"{where}/search").url.path == where


def test_a_row_leads_to_its_explanation_and_back(client: TestClient, sent: Callable[..., str]) -> None:
    """Posted where it is not there yet; a link where it is. The page tells label, place and neighbours, and the way
    back."""
    where = sent()
    page = client.get(f"{where}?label=no").text
    address = re.search(r'action="([^"]+/rows/\d+/explain)"', page)
    assert address is not None

    answer = client.post(address[1], data={"model": "sentiment", "state": "label=no"}, follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(address[1].removesuffix("/explain") + "?label=no&shown=panels/")
    shown = client.get(answer.headers["location"]).text
    assert 'class="trail"' in shown
    assert f'href="{where}?label=no#r-' in shown
    assert "labelled no" in words(shown)
    assert len(re.findall(rf'href="{where}/rows/\d+\?', client.get(f"{where}?model=sentiment").text)) > 3
    for number in (99, 1 << 40):
        assert client.post(f"{where}/rows/{number}/explain", data={"model": "sentiment"}).status_code == 404
        assert client.get(f"{where}/rows/{number}").status_code == 404


def test_one_walks_from_error_to_error(client: TestClient, sent: Callable[..., str], run: Callable[[], None]) -> None:
    """In the order of the filters, each with its place among all; errors were explained first."""
    where = sent(REVIEWS.replace(b"positive", b"no").replace(b"negative", b"yes"), asked=False)  # labels turned around
    client.post(f"{where}/predict", data={"model": "sentiment", "explain": "2", "which": "errors"})
    run()
    query = "right=no&sort=-probability"
    rows = re.findall(r'<tr id="r-(\d+)">', client.get(f"{where}?{query}").text)
    assert len(rows) > 1
    walked, at = [rows[0]], f"{where}/rows/{rows[0]}?{query}"
    while True:
        page = client.get(at).text
        assert f"error {len(walked)} of {len(rows)}" in words(page)
        ahead = re.search(r'rel="next" href="([^"]+)"', page)
        if ahead is None:
            break
        at = html.unescape(ahead[1])
        walked.append(re.search(r"/rows/(\d+)", at)[1])  # type: ignore[index]
    explained = client.get(f"/v1{where}/rows?right=false").json()["rows"]

    assert walked == rows
    assert {row["number"] for row in explained if row["explanation"]} == {int(number) for number in rows[:2]}


def test_a_file_of_the_first_page_is_predicted_at_once(client: TestClient, run: Callable[[], None]) -> None:
    """Reading hands on to the model that was chosen, in a job of its own; a model that is not there is refused."""
    home = client.get("/").text
    assert 'form="send"' in home
    answer = client.post(
        "/datasets", files={"file": ("r.csv", LABELLED)}, data={"model": "sentiment"}, follow_redirects=False
    )
    run()
    run()
    found = client.get(f"/v1{answer.headers['location']}").json()
    wrong = client.post("/datasets", files={"file": ("r.csv", LABELLED)}, data={"model": "nobody"})

    assert [(each["model"], each["done"]) for each in found["runs"]] == [("sentiment", found["rows"])]
    assert wrong.status_code == 422
    assert "nobody" in wrong.text


def test_bad_rows_are_told_with_line_reason_and_cure(client: TestClient, sent: Callable[..., str]) -> None:
    """In the language of the page."""
    where = sent(b'text,label\ngood,1\nbad\n"x"y,1\n', asked=False)
    page = words(client.get(where).text)

    assert "2 rows that could not be read" in page
    assert "The row and the header have different numbers of fields: 1 ≠ 2." in page
    assert "Put the whole cell into double quotes" in page
    assert "该行与表头的字段数不同：1 ≠ 2" in words(client.get(where, params={"lang": "zh"}).text)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "no file was sent, or it is empty"), (b"x" * 2_000_000, "over")],
)
def test_a_file_that_is_not_taken_comes_back_with_the_reason(client: TestClient, content: bytes, says: str) -> None:
    """On the page with the form."""
    answer = client.post("/datasets", files={"file": ("a.csv", content)})

    assert answer.status_code in (413, 422)
    assert says in words(answer.text)
    assert ('role="alert"' in answer.text) == (answer.status_code == 422)  # over the limit nothing is read


def test_other_columns_make_another_data_set(
    client: TestClient, sent: Callable[..., str], run: Callable[[], None]
) -> None:
    """The first keeps its address; one that could not be read makes room."""
    where = sent(asked=False)
    chosen = {"text": "text", "label": "product", "group-1": "label"}
    other = client.post(f"{where}/columns", data=chosen, follow_redirects=False).headers["location"]
    run()

    assert other != where
    assert client.get(where).status_code == 200
    assert client.get(f"/v1{other}").json()["labels"] == ["film", "shoes"]
    failed = sent(b"a,b\n1,2\n", asked=False)
    assert "no column holds text" in words(client.get(failed).text)
    mended = client.post(f"{failed}/columns", data={"text": "a"}, follow_redirects=False).headers["location"]
    run()
    assert client.get(failed).status_code == 404
    assert table(client.get(mended).text) == [0]


def test_a_data_set_can_be_deleted(client: TestClient, sent: Callable[..., str]) -> None:
    """With everything that hangs on it."""
    where = sent()

    assert client.post(f"{where}/delete").url.path == "/datasets"
    assert client.get(where).status_code == 404


def test_files_are_attachments(client: TestClient, sent: Callable[..., str]) -> None:
    """With the filters of the page."""
    answer = client.get(f"{sent()}/export/csv?label=yes")

    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.text.count("\r\n") == 3


def test_a_full_page_is_light(client: TestClient, sent: Callable[..., str]) -> None:
    """At most 60 KB as it travels, also with long texts in every row."""
    rows = [f"{k} ".encode() + b" ".join(b"%x" % (k * 7919 + j * 104729) for j in range(60)) for k in range(60)]
    page = client.get(sent(b"text,label\n" + b"".join(row + b",yes\n" for row in rows))).content

    assert len(gzip.compress(page)) < 60_000


HOSTILE = '"><img src=x onerror=window.ran=1><script>window.ran=1</script>{{7001*7001}}'


def test_names_labels_and_texts_are_only_shown(client: TestClient, sent: Callable[..., str]) -> None:
    """A file may call its columns, labels, groups and itself anything."""
    cell = '"' + HOSTILE.replace('"', '""') + '"'
    content = f"{cell},{cell},gender\n{cell},{cell},{cell}\n{cell},good,x\n".encode()
    where = sent(content, name=HOSTILE, asked=False)
    for address in (where, "/datasets", f"{where}?label=x"):
        page = client.get(address).text
        assert "<img" not in page
        assert "<script>" not in page
        assert "49014001" not in page


NUMBERED = b"text,label\na gorgeous film,1.0\na dull film,0.0\ngood shoes,1.0\n"


def test_numbers_that_were_taken_for_classes_are_told_and_can_be_declared(
    client: TestClient, sent: Callable[..., str], run: Callable[[], None]
) -> None:
    """The order of the model is an assumption; said otherwise, the same file is another data set."""
    where = sent(NUMBERED)
    page = client.get(where).text
    form = {"text": "text", "label": "label", "classes": "0 = yes\r\n1 = no"}
    other = client.post(f"{where}/columns", data=form, follow_redirects=False).headers["location"]
    run()
    client.post(f"{other}/predict", data={"model": "sentiment", "explain": "0"})
    run()
    found = client.get(f"/v1{other}").json()

    assert "taken for the classes in the order of the model: 0 = no, 1 = yes" in words(page)
    assert client.get(f"/v1{where}").json()["runs"][0]["matched_by"] == "position"
    assert found["labels"] == ["no", "yes"]
    assert found["mapping"]["classes"] == {"0": "yes", "1": "no"}
    assert found["runs"][0]["matched_by"] == "name"
    assert "taken for the classes" not in words(client.get(other).text)
    assert "0 = yes" in client.get(other).text
    assert client.post(f"{where}/columns", data=form | {"classes": "0 yes"}).status_code == 422


def test_labels_that_mean_no_class_are_told(client: TestClient, sent: Callable[..., str]) -> None:
    """Their rows are neither right nor wrong."""
    page = words(client.get(sent(LABELLED + b"so so,maybe,film\n")).text)

    assert "No class of the model is called maybe" in page
    assert "of 5 rows" in page


def test_classes_are_declared_over_rest(client: TestClient, run: Callable[[], None]) -> None:
    """In the address, once for each label."""
    query = "text=text&label=label&classes=0%3Dno&classes=1%3Dyes"
    sent = client.post(f"/v1/datasets?{query}", content=NUMBERED, headers={"Content-Type": "text/csv"}).json()
    run()

    assert client.get(f"/v1/datasets/{sent['id']}").json()["labels"] == ["no", "yes"]


def test_a_first_line_that_may_be_a_row_can_be_read_as_one(client: TestClient, sent: Callable[..., str]) -> None:
    """The page offers the columns by their place."""
    page = client.get(sent(b"good film,positive\nbad film,negative\n", asked=False)).text

    assert "The first line was taken for the names of the columns: good film, positive" in words(page)
    assert '<option value="column 1"' in page
