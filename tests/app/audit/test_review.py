"""A review of a report: pairs that are not comparable are left out of another audit; the report that was read stays."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.audit.run import verification
from app.jobs.runner.execution import Execution
from tests.app.audit.planted import PLANTED, plan
from tests.app.audit.test_audit_served import planted
from tests.app.audit.test_audit_swaps import rows
from tests.app.datasets.given import imported
from tests.app.jobs.inline import InlineExecutor
from tests.served import served

PAIR = ("muslim people", "buddhist people")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("data"), load=planted)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def run(client: TestClient, id: str) -> list[str]:
    """Runs the job; what its model was asked."""
    executor = InlineExecutor(load=planted)
    Execution(client.app.state.services.store, executor).run(id)  # type: ignore[attr-defined]
    assert client.get(f"/v1/jobs/{id}").json()["state"] == "done"
    return executor.asked


def made(client: TestClient, data: dict[str, Any]) -> str:
    asked = plan(model="sentiment", explain={"gaps": 1, "texts": 20, "each": 2, "second": None}).model_dump(mode="json")
    id = str(client.post("/v1/audits", json=asked | {"data": data}).json()["id"])
    run(client, id)
    return id


@pytest.fixture(scope="module")
def templates(client: TestClient) -> str:
    return made(client, {"kind": "templates", "identities": [PLANTED, "buddhist", "old"]})


@pytest.fixture(scope="module")
def swaps(client: TestClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    lines = [f"{row['text']},{row['label']}" for row in rows()]
    store = client.app.state.services.store  # type: ignore[attr-defined]
    folder: Path = tmp_path_factory.mktemp("sent")
    dataset = imported(store, folder, "\n".join(["text,label", *lines]).encode(), name="friends.csv").id
    return made(client, {"kind": "swaps", "dataset": dataset, "terms": "en"})


def test_a_marked_pair_is_left_out_either_way_and_nothing_else_changes(client: TestClient, swaps: str) -> None:
    """The other pairs have the figures that they had; how many were set apart is said; the model is not asked again."""
    before = client.get(f"/v1/audits/{swaps}").json()
    answer = client.post(f"/v1/audits/{swaps}/reviews", json={"not_comparable": [PAIR]})
    assert answer.status_code == 202, answer.text
    id = answer.json()["id"]
    asked = run(client, id)
    after = client.get(f"/v1/audits/{id}").json()
    cells = {(c["before"], c["after"]): c for c in before["content"]["swaps"]["all"]["cells"]}
    kept = {(c["before"], c["after"]): c for c in after["content"]["swaps"]["all"]["cells"]}

    assert asked == []
    assert set(cells) - set(kept) == {PAIR, PAIR[::-1]}
    assert all(kept[pair] | {"q": None} == cells[pair] | {"q": None} for pair in kept)
    assert after["content"]["data"]["not_comparable"] == cells[PAIR]["n"] + cells[PAIR[::-1]]["n"]
    assert after["content"]["plan"]["follows"] == before["sha256"]
    assert after["content"]["data"]["sha256"] == before["content"]["data"]["sha256"]
    assert client.get(f"/v1/audits/{swaps}").json()["sha256"] == before["sha256"]


def test_the_page_tells_of_the_review_on_either_side(client: TestClient, swaps: str) -> None:
    """From the form without scripts: a ticked pair of the list, and the two reports lead to each other."""
    page = client.get(f"/audits/{swaps}?lang=en").text
    assert 'form="review" name="pair-all-1"' in page or 'form="review" name="pair-harmless-1"' in page
    answer = client.post(f"/audits/{swaps}/reviews", data={"pair-harmless-1": "\t".join(PAIR)})
    assert answer.status_code == 303
    id = answer.headers["location"].removeprefix("/audits/")
    run(client, id)
    found = client.get(f"/audits/{id}?lang=en").text

    assert f'href="/audits/{swaps}"' in found
    assert f'href="/audits/{id}"' in client.get(f"/audits/{swaps}?lang=en").text
    assert "Somebody declared this plan after they had read a report" in found
    assert " – ".join(PAIR) in found


def test_a_pair_of_identities_of_templates(client: TestClient, templates: str, tmp_path: Path) -> None:
    """Its cells are empty, flips and means are those of the other pairs, and the report can be computed again."""
    answer = client.post(f"/audits/{templates}/reviews", data={"before": "buddhist", "after": PLANTED})
    assert answer.status_code == 303
    id = answer.headers["location"].removeprefix("/audits/")
    assert run(client, id) == []
    before = client.get(f"/v1/audits/{templates}").json()["content"]["effects"]["harmless"]
    after = client.get(f"/v1/audits/{id}").json()["content"]["effects"]["harmless"]
    names = after["matrix"]["identities"]
    change = after["matrix"]["change"]
    flipped = before["matrix"]["gained"]
    g, h, other = names.index(PLANTED), names.index("buddhist"), names.index("old")

    assert change[g][h] is None
    assert change[h][g] is None
    assert change[g][other] == before["matrix"]["change"][g][other]
    assert after["pairs"] == before["pairs"] * 2 // 3
    assert after["flips"] == before["flips"] - flipped[g][h] - flipped[h][g]
    archive = tmp_path / "report.zip"
    archive.write_bytes(client.get(f"/v1/audits/{id}/report?format=zip").content)
    zipfile.ZipFile(archive).extractall(tmp_path)
    assert verification.verify(tmp_path / "report.json").sha256 == client.get(f"/v1/audits/{id}").json()["sha256"]


def test_matches_that_were_read_give_a_precision(client: TestClient, swaps: str) -> None:
    """Ticked on the page without scripts: it stands in another report, with its interval; the first says that nobody
    has read any."""
    groups = client.get(f"/v1/audits/{swaps}").json()["content"]["matches"]["groups"]
    size = len(groups[0]["sample"])
    first = client.get(f"/audits/{swaps}?lang=en").text
    assert "Nobody has read the matches" in first
    assert f'name="read-1" value="{groups[0]["group"]}&#9;{size}"' in first
    typed = {"read-1": f"{groups[0]['group']}\t{size}", "wrong-1-2": "1", "wrong-1-3": "1", "wrong-2-1": "1"}
    answer = client.post(f"/audits/{swaps}/reviews", data=typed)
    assert answer.status_code == 303, answer.text
    id = answer.headers["location"].removeprefix("/audits/")
    assert run(client, id) == []
    content = client.get(f"/v1/audits/{id}").json()["content"]
    report = client.get(f"/v1/audits/{id}/report?format=html").text

    assert content["plan"]["checked"] == [{"group": groups[0]["group"], "matches": size, "wrong": 2}]
    assert content["matches"]["precision"]["value"] == pytest.approx((size - 2) / size)
    assert f"of {size} matches that somebody read are right" in report
    assert "Nobody has read the matches" in client.get(f"/v1/audits/{swaps}/report?format=html").text


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([], "nothing new"),
        ([(PLANTED, "nobody")], "is called 'nobody'"),
        ([(PLANTED, PLANTED)], "against itself"),
    ],
)
def test_a_review_of_nothing_is_refused(client: TestClient, templates: str, pairs: list[Any], said: str) -> None:
    """Over REST as a problem, on the page beside the form."""
    answer = client.post(f"/v1/audits/{templates}/reviews", json={"not_comparable": pairs})
    typed = dict(zip(("before", "after"), pairs[0], strict=True)) if pairs else {}
    page = client.post(f"/audits/{templates}/reviews", data=typed)

    assert (answer.status_code, page.status_code) == (422, 422)
    assert said in answer.json()["detail"]
    assert 'role="alert"' in page.text


def test_an_audit_under_way_has_no_report_to_review(client: TestClient) -> None:
    """It is a conflict, not a server error."""
    id = client.post("/v1/audits", json=plan(model="sentiment").model_dump(mode="json")).json()["id"]

    assert client.post(f"/v1/audits/{id}/reviews", json={"not_comparable": [PAIR]}).status_code == 409
