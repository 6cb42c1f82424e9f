"""Audits over REST and as pages: declared in a form, run as a job, shown with the words behind a gap."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.audit.data.plan import Plan
from app.audit.schemas import AuditOut
from app.web import paper
from tests.app.audit.planted import IDENTITIES, PLANTED, audited, model, plan
from tests.app.audit.test_audit_swaps import rows
from tests.app.datasets.given import imported
from tests.app.jobs.inline import execution
from tests.served import served

ASKED = plan(model="sentiment").model_dump(mode="json")


AS_TABLE = {"en": "<summary>As a table</summary>", "zh": "<summary>表格形式</summary>"}


def planted(name: str) -> Any:
    made = model()
    made.id = name
    return made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=planted)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def ran(client: TestClient) -> tuple[str, list[str]]:
    """The id of an audit whose job has run and drawn a PDF, and what its model was asked."""
    answer = client.post("/v1/audits", json=ASKED)
    assert answer.status_code == 202, answer.text
    id = str(answer.json()["id"])
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(paper, "has_pdf", lambda: True)
        whole = execution(client.app.state.services.store, load=planted)  # type: ignore[attr-defined]
        whole.run(id)
    job = client.get(f"/v1/jobs/{id}").json()
    assert job["state"] == "done", job
    return id, whole.executor.asked  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def done(ran: tuple[str, list[str]]) -> str:
    return ran[0]


def test_a_job_finds_what_the_command_finds(client: TestClient, done: str) -> None:
    """The same verdict on the same rows; predictions are stored shard by shard, and the rest is computed from them."""
    found = AuditOut.model_validate(client.get(f"/v1/audits/{done}").json())
    _, stored, _ = audited()

    assert found.content is not None
    headline = found.content["tests"][found.content["verdict"]["headline"]]
    assert headline["group"] == PLANTED
    assert found.content["data"]["rows"] == len(stored)
    assert found.sha256 == found.job.result["sha256"]  # type: ignore[index]


def test_every_form_of_the_report_can_be_fetched(client: TestClient, done: str) -> None:
    """As an attachment; the rows hold hashes, labels and scores but no text."""
    for form in ("json", "html", "md", "pdf", "zip"):
        answer = client.get(f"/v1/audits/{done}/report?format={form}")
        assert answer.status_code == 200, form
        assert answer.headers["content-disposition"].startswith("attachment")
    rows = client.get(f"/v1/audits/{done}/rows")

    assert rows.content.startswith(b"PAR1")
    assert b"Chris is" not in rows.content


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_leads_from_a_gap_to_its_words(client: TestClient, done: str, language: str) -> None:
    """The row of the planted group is a link to the section with its words; every drawing is there."""
    page = client.get(f"/audits/{done}?lang={language}").text
    drawings = re.findall(r'src="(/audits/[^"]+\.svg)"', page)

    assert f'<a href="#words-0">{PLANTED}</a>' in page
    assert 'id="words-0"' in page
    assert all(name in page for name in IDENTITIES)
    assert ("差距" in page) == (language == "zh")
    assert drawings
    assert "loading=" not in page  # a picture of the whole page has them all
    charts = client.get(f"/audits/{done}/charts?lang={language}").json()
    assert page.count("data-chart=") == len(drawings) == len(charts)
    assert page.count(AS_TABLE[language]) + page.count('<table class="matrix signed">') == len(drawings)
    assert ("全部文本" in charts["roc"]["curves"][0]["name"]) == (language == "zh")
    for address in drawings:
        drawn = client.get(address)
        assert (drawn.status_code, drawn.headers["content-type"]) == (200, "image/svg+xml")


def test_a_data_set_is_audited_against_its_swapped_twins(client: TestClient, tmp_path: Path) -> None:
    """From the form to the page: the planted group's swap changes the score, with its count, in either language."""
    store = client.app.state.services.store  # type: ignore[attr-defined]
    lines = [f"{row['text']},{row['label']}" for row in rows()]
    dataset = imported(store, tmp_path, "\n".join(["text,label", *lines]).encode(), name="friends.csv").id
    asked = {"model": "sentiment", "source": "swaps", "dataset": dataset, "terms": "en", "audited": "yes"}
    assert client.post("/audits", data=asked).status_code == 303
    data = {"kind": "swaps", "dataset": dataset, "terms": "en"}
    id = client.post("/v1/audits", json=ASKED | {"data": data}).json()["id"]
    execution(store, load=planted).run(id)
    content = client.get(f"/v1/audits/{id}").json()["content"]
    page = client.get(f"/audits/{id}?lang=en").text

    cells = {(cell["before"], cell["after"]): cell for cell in content["swaps"]["harmless"]["cells"]}
    assert cells["muslim people", "buddhist people"]["change"] < -0.5
    assert cells["muslim people", "buddhist people"]["lost"] == cells["muslim people", "buddhist people"]["n"]
    assert "Identities swapped in your own texts" in page
    assert "names both groups 2" in page
    assert "在你自己的文本中替换身份" in client.get(f"/audits/{id}?lang=zh").text


@pytest.mark.parametrize("kind", ["table", "swaps"])
def test_a_data_set_that_is_not_there_is_refused_at_once(client: TestClient, kind: str) -> None:
    """Rather than as a job that fails."""
    data = {"kind": kind, "dataset": "nothing", "terms": "en"}

    assert client.post("/v1/audits", json=ASKED | {"data": data}).status_code == 404


def own(client: TestClient, tmp_path: Path, header: str, *cells: str) -> str:
    """The id of a data set of 80 rows: each text with a label and the cells, in turn."""
    lines = [
        f"{'hate' if k % 2 else 'nice'} {k},{'yes' if k % 2 else 'no'},{cells[k // 2 % len(cells)]}" for k in range(80)
    ]
    store = client.app.state.services.store  # type: ignore[attr-defined]
    return str(imported(store, tmp_path, "\n".join([header, *lines]).encode(), name="own.csv").id)


def test_blank_cells_of_a_data_set_are_counted_and_can_be_declared(client: TestClient, tmp_path: Path) -> None:
    """The first row's cell is blank; by the form's fields blank cells name no group, and the page counts them."""
    id = own(client, tmp_path, "text,label,gender", "", "f", "m", "none")
    found = []
    for no_group in ("none", ""):
        form = {"model": "sentiment", "source": "table", "dataset": id, "groups": "gender", "no_group": no_group}
        made = client.post("/audits", data=form | {"metric-accuracy": "1", "audited": "yes"})
        audit = made.headers["location"].rpartition("/")[2]
        execution(client.app.state.services.store, load=planted).run(audit)  # type: ignore[attr-defined]
        found.append((client.get(f"/v1/audits/{audit}").json()["content"], client.get(f"/audits/{audit}?lang=en").text))

    assert [content["data"]["unknown"][0]["n"] for content, _ in found] == [20, 40]
    assert [content["tests"][0]["background_n"] for content, _ in found] == [40, 20]
    assert "20 texts are in no comparison of the column “gender”" in found[0][1]
    assert found[0][0]["data"]["title"] == "own.csv"


@pytest.mark.parametrize(
    ("header", "changed", "said"),
    [
        ("text,verdict,gender", {"groups": ["gender"]}, "was read without labels"),
        ("text,label,gender", {"groups": ["race"]}, "has no column of groups 'race'; there are gender"),
    ],
)
def test_columns_that_a_data_set_has_not_are_refused_at_once(
    client: TestClient, tmp_path: Path, header: str, changed: dict[str, Any], said: str
) -> None:
    """With where to choose them, rather than as a job that fails."""
    data = {"kind": "table", "dataset": own(client, tmp_path, header, "f", "m"), **changed}
    answer = client.post("/v1/audits", json=ASKED | {"data": data, "metrics": ["accuracy"]})

    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert "On its page choose" in answer.json()["cure"]


def test_an_audit_under_way_shows_its_job(client: TestClient) -> None:
    """Its report is not there yet, and the list shows it all the same."""
    id = client.post("/v1/audits", json=ASKED).json()["id"]

    assert client.get(f"/audits/{id}").headers["location"] == f"/jobs/{id}"
    assert client.get(f"/v1/audits/{id}").json()["content"] is None
    assert client.get(f"/v1/audits/{id}/report").status_code == 409
    assert f"/audits/{id}" in client.get("/audits").text
    assert id in {each["id"] for each in client.get("/v1/audits").json()["audits"]}


def test_what_the_predictions_say_is_told_before_anything_is_explained(client: TestClient) -> None:
    """The gaps and the drawings are there, as they will be in the end, and how far the rest is; then all of it."""
    id = client.post("/v1/audits", json=ASKED).json()["id"]
    run = execution(client.app.state.services.store, load=planted)  # type: ignore[attr-defined]
    shards = run.begin(id)
    assert shards is not None
    predicted = next(stop for stop in range(1, shards) if run.shards(id, stop - 1, stop) and early(client, id))
    part, page = client.get(f"/v1/audits/{id}").json(), client.get(f"/audits/{id}").text
    asked = list(run.executor.asked)  # type: ignore[attr-defined]
    run.shards(id, predicted, shards)
    run.finish(id)
    whole = client.get(f"/v1/audits/{id}").json()

    assert "explainmany" not in asked
    assert part["sha256"] is None
    assert 0 < part["job"]["progress"] < 0.5
    assert part["job"]["result"]["findings"] == whole["job"]["result"]["findings"] > 0
    assert part["content"]["words"] == []
    assert whole["content"]["words"] != []
    assert {name for name in whole["content"] if whole["content"][name] != part["content"][name]} == {
        "words", "examples", "explanations", "tables",
    }  # fmt: skip
    assert f'data-job="/v1/jobs/{id}/events"' in page
    assert "format=json" not in page
    for address in re.findall(r'src="(/audits/[^"]+\.svg)"', page):
        assert client.get(address).status_code == 200


def early(client: TestClient, id: str) -> bool:
    return client.get(f"/v1/audits/{id}").json()["content"] is not None


def test_a_job_works_each_step_once(client: TestClient, ran: tuple[str, list[str]]) -> None:
    """A runner that takes over asks for nothing that is stored, and finds the same."""
    id, asked = ran
    other = client.post("/v1/audits", json=ASKED).json()["id"]
    store = client.app.state.services.store  # type: ignore[attr-defined]
    first, second = (execution(store, load=planted) for _ in range(2))
    shards = first.begin(other)
    assert shards is not None
    first.shards(other, 0, shards - 4)
    second.run(other)
    found = [client.get(f"/v1/audits/{each}").json() for each in (id, other)]

    assert first.executor.asked + second.executor.asked == asked  # type: ignore[attr-defined]
    assert min(each.executor.asked.count("explainmany") for each in (first, second)) > 0  # type: ignore[attr-defined]
    assert found[0]["sha256"] == found[1]["sha256"]


def test_the_form_declares_an_audit(client: TestClient) -> None:
    """What it leaves open has the plan's defaults; what is wrong comes back with what was typed."""
    made = client.post("/audits", data={"model": "sentiment", "source": "templates-zh", "metric-accuracy": "1"})
    wrong = client.post("/audits", data={"model": "sentiment", "threshold": "high", "audited": "yes"})

    assert made.status_code == 303
    assert re.fullmatch(r"/audits/[0-9a-f]{32}", made.headers["location"])
    assert wrong.status_code == 422
    assert 'value="high"' in wrong.text
    assert "threshold" in wrong.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": "nobody"}, "no model is called"),
        ({"audited": "purple"}, "has no class"),
        ({"data": {"kind": "functional", "path": "/etc/passwd"}}, "cannot name a file"),
        ({"data": {"kind": "table", "path": "/etc/passwd", "groups": ["a"]}}, "cannot name a file"),
    ],
)
def test_a_plan_that_cannot_run_is_refused_at_once(client: TestClient, changed: dict[str, Any], said: str) -> None:
    """And no file of this machine is read for a caller."""
    answer = client.post("/v1/audits", json=ASKED | changed)

    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_what_is_no_audit_is_not_found(client: TestClient) -> None:
    """Another kind of job, and an id of nothing."""
    batch = client.post("/v1/batches", json={"model": "sentiment", "inputs": [{"text": "good"}]}).json()["id"]

    assert client.get(f"/v1/audits/{batch}").status_code == 404
    assert client.get(f"/audits/{'0' * 32}").status_code == 404


def test_the_embedded_plan_is_one() -> None:
    """What the first button of the page runs."""
    from app.audit.service import demo

    assert isinstance(demo(), Plan)
    assert demo().model == "toxicity"
