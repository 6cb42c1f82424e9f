"""The page of a question after training texts, before and after its answer; what is refused."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.store import jobs
from app.store.job_states import State
from app.store.jobs import NewJob
from app.taught.kind import _out
from app.taught.schemas import TaughtJob
from tests.served import served

HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
ID = "5e" * 16
ASKED = TaughtJob(model="sentiment", text="a <b>refund</b> please", training="t" * 32, dataset="d" * 64, rows=3)
CARD: dict[str, Any] = {
    "target": "no", "probability": 0.83, "texts": 3, "epochs": 2,
    "raised": [{"text": "no refund & no answer", "label": "no", "influence": 0.02, "share": 0.5}],
    "lowered": [{"text": "please do", "label": "yes", "influence": -0.01, "share": 0.25}],
}  # fmt: skip
CHECK = {"texts": 1, "before": 0.83, "without": 0.31, "drawn": 0.8, "predicted_without": "yes", "foretold": 0.02,
         "measured": 0.98}  # fmt: skip


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("check", [None, CHECK])
def test_the_answer_is_two_lists_and_a_check(client: TestClient, check: dict[str, Any] | None) -> None:
    """Each text with its label and the words it shares, and the way to its row; a check on demand, or its result."""
    store = client.app.state.services.store  # type: ignore[attr-defined]
    new = NewJob(
        id=ID, project="default", kind="taught", title="Reviews", request=ASKED.model_dump_json(), priority=1,
        state=State.RUNNING, caller="",
    )  # fmt: skip
    store.commit(lambda session: jobs.add(session, new))
    assert client.get(f"/taught/{ID}").status_code == 200
    card = CARD if check is None else {**CARD, "left_out": check}
    body = _out(ASKED, "d" * 64, card, {"please do": 7}).model_dump_json().encode()
    store.commit(lambda session: jobs.add_shard(session, ID, 0, key="k", body=body))
    store.commit(lambda session: jobs.end(session, ID, State.DONE))
    page = client.get(f"/taught/{ID}")
    told = words(page.text)

    assert "Says “no”, 0.83: taught by these texts." in told
    assert "a <b>refund</b> please" in told
    assert "no refund & no answer no +0.0200 50.0 % refund" in told
    assert f'href="/datasets/{"d" * 64}/rows/7"' in page.text
    assert ("Train without them" in told) == (check is None)
    assert ("gives it 0.31 instead of 0.83; without 1 texts drawn at random, 0.80" in told) == (check is not None)
    assert "由这些文本教会" in client.get(f"/taught/{ID}?lang=zh").text
    found = client.get(f"/v1/taught/{ID}", headers={"Accept": "application/json"}).json()["taught"]
    assert found["raised"][0]["shared"] == ["refund"]
    assert (found["raised"][0]["row"], found["lowered"][0]["row"]) == (None, 7)


def test_a_model_from_elsewhere_has_no_training_texts(client: TestClient) -> None:
    """On the form, over REST, and for a model that is not there."""
    assert "No model was trained here yet." in client.get("/taught").text
    refused = client.post("/taught", data={"model": "sentiment", "text": "x"})
    assert (refused.status_code, "was not trained here" in refused.text) == (422, True)
    assert client.post("/v1/taught", json={"model": "none", "text": "x"}).status_code == 404
    assert client.get("/v1/taught/" + "0" * 32).status_code == 404
