"""How stable is it? The question of a page with other seeds and baselines, asked from the page and found again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

import explainers
from app.explain.ask.schemas import ExplanationOut, PanelOut
from app.web.formatting import number, signed
from tests.served import served
from tests.tiny import tiny

TEXT = "the witty film is not good, and the long movie never recovers"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
ASKED = {"model": "sentiment", "input": {"text": TEXT}, "methods": ["shap", "leave-one-out"], "budget": 40}


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("stability"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def panel(client: TestClient) -> Any:
    return client.post("/v1/panels", json=ASKED).json()


@pytest.fixture(scope="module")
def page(client: TestClient, panel: Any) -> str:
    """The page with the question answered, by the way that a reader without scripts goes."""
    answer = client.post(f"/panels/{panel['key']}/ask", data={"method": "stability"})
    assert answer.headers["location"] == f"/panels/{panel['key']}?ask=stability#ask-stability"
    return client.get(answer.headers["location"]).text


def asked_anew(client: TestClient, **rule: Any) -> PanelOut:
    """The same over REST."""
    return PanelOut.model_validate(client.post("/v1/panels", json={**ASKED, **rule}).json())


def shap(found: PanelOut) -> ExplanationOut:
    return next(each for each in found.explanations if each.method.name == "shap")


def test_the_sentence_and_the_table_are_the_spread_of_the_stored_answers(client: TestClient, page: str) -> None:
    answers = [shap(asked_anew(client, seed=seed)) for seed in range(5)]
    known = explainers.spread(answers)
    assert known.least_tau is not None
    assert not known.still  # else there would be nothing to tell

    words = re.search(r'<table class="table stable-words">.*?</table>', page, re.S)
    assert words
    order = sorted(range(len(answers[0].spans)), key=lambda k: -abs(known.scores[:, k].mean()))
    figures = re.findall(r"<td>([−+\d.]+)</td>", words[0])
    shown = [signed(float(v)) for k in order for v in (known.scores[:, k].mean(), known.low[k], known.high[k])]
    assert figures == shown
    assert f"painted words correlate by at least {number(known.least_tau)}. <q>" in page
    assert known.strongest is not None
    word, times = answers[0].spans[known.strongest].text, known.times
    said = "is the strongest every time" if times == 5 else f"is the strongest in {times} of 5"
    assert f"<q>{word}</q> {said}" in page


def test_what_no_seed_moves_is_said_and_what_a_baseline_moves_is_listed(client: TestClient, page: str) -> None:
    assert re.search(r"Leave-one-out: over 5 seeds\s+no score moves", page)
    baselines = client.get("/v1/models/sentiment").json()["baselines"][1:3]
    row = re.search(r'<h3 id="stable-baselines">.*?<th scope="row">SHAP</th>(.*?)</tr>', page, re.S)
    assert row
    own = shap(asked_anew(client))
    for each, shown in zip(baselines, re.findall(r"<td>([−+\d.]+)", row[1]), strict=True):
        assert shown == signed(explainers.spread([own, shap(asked_anew(client, baseline=each))]).least_tau)


def test_answers_of_a_page_belong_to_it(client: TestClient) -> None:
    """They have no line of the history, and go when the page goes."""
    other = {**ASKED, "input": {"text": "the film is witty and not good, is it"}}
    made = client.post("/v1/panels", json=other).json()["key"]
    client.post(f"/panels/{made}/ask", data={"method": "stability"})
    listed = client.get("/v1/history").json()["entries"]
    assert [entry["key"] for entry in listed if entry["text"] == other["input"]["text"]] == [made]  # type: ignore[index]

    page = client.get(f"/panels/{made}?ask=stability").text
    assert "is the strongest" in page
    assert client.delete(f"/v1/panels/{made}").status_code == 204
    again = client.post("/v1/panels", json=other).json()["key"]
    assert again == made
    assert "is the strongest" not in client.get(f"/panels/{made}?ask=stability").text


def test_a_script_gets_the_answer_in_its_place(client: TestClient, panel: Any) -> None:
    alone = next(each for each in panel["explanations"] if each["method"]["name"] == "leave-one-out")
    answer = client.post(
        f"/explanations/{alone['key']}/ask", data={"method": "stability"}, headers={"X-Whence-Fragment": "further"}
    )

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert re.search(r'data-ask="stability" open data-answered', answer.text)


def test_the_page_of_a_method_leads_there(client: TestClient) -> None:
    assert 'name="then" value="stability"' in client.get("/methods/shap").text
    assert 'value="stability"' not in client.get("/methods/attention").text
    asked = {"model": "sentiment", "text": "the film is good", "then": "stability"}
    where = client.post("/methods/shap/try", data=asked).headers["location"]

    assert where.endswith("?ask=stability#ask-stability")
    page = client.get(where).text
    assert re.search(r'id="ask-stability" data-ask="stability" open', page)
    assert 'name="method" value="stability"' in page


def test_where_nothing_can_move_the_reason_is_told(client: TestClient) -> None:
    """A page without scores does not have the question; who sends it reads so, not that the model is another."""
    asked = {"model": "sentiment", "input": {"text": TEXT}, "method": "attention"}
    made = client.post("/v1/explanations", json=asked).json()["key"]
    answer = client.post(f"/explanations/{made}/ask", data={"method": "stability"})

    assert answer.status_code == 422
    assert "&#39;stability&#39; is no further question here" in answer.text
