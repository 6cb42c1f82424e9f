"""A contract as a job: over REST, on its page, and with its history over versions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from tests.app.changes.test_change_job import FORM, rows, run, uploaded
from tests.served import served

CONTRACT = """name = "films <b>"
[[golden]]
text = "a gorgeous film"
predicts = "{}"
carried_by = ["gorgeous"]

[accuracy]
at_least = 0.5
"""
YES, NO = CONTRACT.format("yes"), CONTRACT.format("no")


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_a_contract_has_a_page_with_its_history_and_reports(client: TestClient) -> None:
    dataset = uploaded(client, rows())
    ids = []
    for contract in (YES, NO):
        sent = client.post("/v1/checks", json={"model": "sentiment", "contract": contract, "dataset": dataset})
        assert sent.status_code == 202, sent.text
        ids.append(sent.json()["id"])
        assert client.get(f"/v1/checks/{ids[-1]}/report").status_code == 409
        run(client, ids[-1])
    found = [client.get(f"/v1/checks/{id}").json()["check"] for id in ids]
    page = client.get(f"/checks/{ids[1]}").text
    chinese = client.get(f"/checks/{ids[1]}", headers={"accept-language": "zh"}).text
    junit = client.get(f"/v1/checks/{ids[1]}/report").text
    html = client.get(f"/v1/checks/{ids[1]}/report", params={"format": "html"})

    assert [(each["outcome"], each["passed"], each["failed"]) for each in found] == [("passed", 2, 0), ("failed", 1, 1)]
    assert "1 of 2 checks fail." in page
    assert "2 项检查中有 1 项未通过。" in chinese
    assert page.count('class="outcome') == 2 + 4  # this check, and both versions
    assert "films &lt;b&gt;" in page
    assert not re.search(r"style=|<b>\"|%\(\w+\)s", page + chinese)
    assert ElementTree.fromstring(junit.encode()).attrib["failures"] == "1"
    assert "gorgeous" in html.text
    assert "attachment" in html.headers["content-disposition"]
    assert "1 passed, 1 failed, 0 undecided" in client.get("/checks").text
    assert client.post(f"/checks/{ids[0]}/delete", headers=FORM).status_code == 303
    assert "Over the versions" not in client.get(f"/checks/{ids[1]}").text


def test_what_a_contract_lacks_is_told_before_the_job(client: TestClient) -> None:
    for body, told in (
        ({"contract": YES, "model": "sentiment"}, "is measured on texts, and there are none"),
        ({"contract": "name = ", "model": "sentiment"}, "is not TOML"),
        ({"contract": 'name = "x"', "model": "sentiment"}, "holds no check"),
        ({"contract": YES, "model": "none"}, "none"),
    ):
        answer = client.post("/v1/checks", json=body)
        assert answer.status_code == 422
        assert told in answer.text
    typed = {"contract": "name = <", "model": "sentiment", "dataset": ""}
    refused = client.post("/checks", data=typed, headers=FORM)
    assert refused.status_code == 422
    assert "name = &lt;</textarea>" in refused.text
