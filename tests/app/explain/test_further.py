"""What a page of an explanation leads on to: further questions, other rules, changed texts, files to take along."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from tests.served import served
from tests.tiny import tiny

TEXT = "the witty film is not good"
LONG = "the witty film is not good and the long movie never recovers from its clumsy opening, is it"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
ASKED = {"model": "sentiment", "input": {"text": TEXT}}


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("further"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def panel(client: TestClient) -> str:
    made = client.post("/v1/panels", json={**ASKED, "methods": ["leave-one-out", "shap"]}).json()
    return f"/panels/{made['key']}"


def questions(page: str) -> list[str]:
    return re.findall(r'class="question" id="ask-([\w-]+)"', page)


def answered(page: str) -> list[str]:
    return re.findall(r'data-ask="([\w-]+)"[^>]* data-answered', page)


def test_every_method_has_a_door_on_the_page(client: TestClient, panel: str) -> None:
    """What the page does not show is a question on it; asked, it is answered in its place and stays at the address."""
    offered = client.get("/v1/models/sentiment").json()["methods"]
    assert {*questions(client.get(panel).text), "shap", "leave-one-out"} == {*offered, "stability"}

    opened = ""
    for method in ("counterfactual", "layers", "attention", "gradient-x-input"):
        answer = client.post(f"{panel}/ask", data={"method": method, "ask": opened})
        where = answer.headers["location"]
        assert where.endswith(f"#ask-{method}")
        opened = where.partition("?ask=")[2].partition("#")[0]
    page = client.get(f"{panel}?ask={opened}").text

    assert set(answered(page)) == {"counterfactual", "layers", "attention", "gradient-x-input"}
    assert page.count("<details") > len(questions(page))
    assert "What would change the prediction" in page or "Every part has the score zero" in page


def test_a_script_gets_the_questions_alone(client: TestClient, panel: str) -> None:
    answer = client.post(f"{panel}/ask", data={"method": "smoothgrad"}, headers={"X-Whence-Fragment": "further"})

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "smoothgrad" in answered(answer.text)


def test_too_many_words_for_a_question_offer_coarser_parts(client: TestClient) -> None:
    """The reason stands at the question, with a button for each cure; the answer by that cure is found again."""
    made = client.post("/v1/panels", json={"model": "sentiment", "input": {"text": LONG}, "methods": ["rollout"]})
    panel = f"/panels/{made.json()['key']}"

    refused = client.post(f"{panel}/ask", data={"method": "interactions"})
    assert refused.status_code == 422
    place = refused.text.partition('id="ask-interactions"')[2].partition("</details>")[0]
    assert 'role="alert"' in place
    assert re.findall(r'name="players" value="(\w+)"', place) == ["phrase", "sentence"]

    where = client.post(f"{panel}/ask", data={"method": "interactions", "players": "phrase"}).headers["location"]
    assert "?ask=interactions:phrase" in where
    assert answered(client.get(where.partition("#")[0]).text) == ["interactions"]


@pytest.mark.parametrize("method", ["", "shap", "nonsense"])
def test_what_is_no_further_question_is_refused(client: TestClient, panel: str, method: str) -> None:
    assert client.post(f"{panel}/ask", data={"method": method}).status_code == 422


def test_the_same_is_computed_anew_by_other_rules(client: TestClient, panel: str) -> None:
    """At an address of its own, with the methods of the page; a wrong rule is named in its place."""
    where = client.post(f"{panel}/anew", data={"seed": "3", "accuracy": "draft", "players": "token"}).headers[
        "location"
    ]
    made = client.get(f"/v1{where}").json()
    first = made["explanations"][0]

    assert where != panel
    assert [each["method"]["name"] for each in made["explanations"]] == ["leave-one-out", "shap"]
    assert (first["players"], first["accuracy"]) == ("token", "draft")
    assert made["explanations"][1]["method"]["seed"] == 3
    for field, wrong in (("seed", "-1"), ("budget", "7"), ("baseline", "nonsense"), ("target", "nobody")):
        refused = client.post(f"{panel}/anew", data={field: wrong})
        assert refused.status_code == 422, field
        assert field in refused.text.partition('id="anew" open')[2].partition("</form>")[0] or wrong in refused.text
    assert client.get(f"{panel}/anew").headers["location"] == panel


def test_versions_are_a_chain_with_addresses(client: TestClient, panel: str) -> None:
    """Each version shows those before it and those made from it; a deleted one leaves the chain."""
    second = client.post(f"{panel}/versions", data={"text": "the witty film is good", "then": "explain"})
    middle = second.headers["location"]
    third = client.post(f"{middle}/versions", data={"text": "the film is good", "then": "compare"}).headers["location"]
    last = f"/panels/{third.partition('&b=')[2]}"

    def chain(page: str) -> list[str]:
        return re.findall(r'<a class="chip" href="(/panels/\w+)"', page)

    assert third == f"/compare?a={middle.rpartition('/')[2]}&b={last.rpartition('/')[2]}"
    assert chain(client.get(panel).text) == [middle]
    assert chain(client.get(middle).text) == [panel, last]
    assert chain(client.get(last).text) == [panel, middle]
    assert client.get(third).status_code == 200
    assert client.delete(f"/v1{middle}").status_code == 204
    assert chain(client.get(panel).text) == []
    assert chain(client.get(last).text) == []


def test_a_version_without_a_text_keeps_what_was_typed(client: TestClient, panel: str) -> None:
    refused = client.post(f"{panel}/versions", data={"text": "a\x00b"})

    assert refused.status_code == 422
    assert 'role="alert"' in refused.text.partition('id="edit"')[2].partition("</form>")[0]


def test_a_comparison_says_what_differs(client: TestClient) -> None:
    """The changed words, on both sides and in the sentence; two equal ones are told."""
    sides = {"text_a": "a gorgeous film", "text_b": "a dull film", "model_a": "sentiment", "model_b": "sentiment"}
    where = client.post("/compare", data=sides).headers["location"]
    page = client.get(where).text
    gist = page.partition('class="gist')[2].partition("</section>")[0]

    assert re.findall(r"<(del|ins)[^>]*>(.*?)</", gist) == [("del", "gorgeous"), ("ins", "dull")]
    assert "<ins>gorgeous</ins>" in page
    assert "B − A" in page
    key = where.partition("?a=")[2].partition("&")[0]
    assert "A and B are the same explanation." in client.get(f"/compare?a={key}&b={key}").text
    assert "gorgeous" in client.get(f"/compare?a={key}").text.partition('id="text_b"')[2].partition("</textarea>")[0]
    picked = client.get(f"/compare?pick={key}&pick={key}")
    assert picked.headers["location"] == f"/compare?a={key}&b={key}"
    assert client.get(f"/compare?pick={key}").status_code == 422
    assert f'name="pick" value="{key}"' in client.get("/history").text


def test_a_method_is_tried_from_its_own_page(client: TestClient) -> None:
    where = client.post("/methods/layers/try", data={"model": "sentiment", "text": TEXT}).headers["location"]

    assert where.startswith("/explanations/")
    made = client.get(f"/v1{where}", headers={"Accept": "application/json"}).json()
    assert made["method"]["name"] == "layers"
    refused = client.post("/methods/layers/try", data={"model": "sentiment", "text": " "})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_file_is_the_page_itself(client: TestClient, panel: str, language: str) -> None:
    """Sentence, rows, tests and numbers in the reader's language; its policy allows its own style and nothing else."""
    page = client.get(f"{panel}/export/html", params={"lang": language}).text
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert f'<html lang="{language}">' in page
    assert f"style-src 'sha256-{digest}'" in unescape(page)
    assert not re.search(r"<script|<link|src=|url\(", page)
    assert len(re.findall('class="method"', page)) == 2
    assert len(re.findall("<h1", page)) == 1


def test_maps_and_slide_are_drawn(client: TestClient) -> None:
    """Well-formed, with every word of the text in its order; what looks like markup stays text."""
    text = 'the <script>alert("x")</script> & witty film'
    made = client.post("/v1/panels", json={"model": "sentiment", "input": {"text": text}, "methods": ["shap", "lime"]})
    panel = f"/panels/{made.json()['key']}"

    for kind in ("svg?method=lime", "svg", "slide.svg"):
        drawing = ElementTree.fromstring(client.get(f"{panel}/export/{kind}").text)
        words = "".join(each.text or "" for each in drawing.iter("{http://www.w3.org/2000/svg}text"))
        assert "".join(text.split()) in words.replace(" ", "")
        assert not list(drawing.iter("{http://www.w3.org/2000/svg}script"))
    assert client.get(f"{panel}/export/svg?method=rollout").status_code == 404
    pdf = client.get(f"{panel}/export/pdf")
    assert pdf.content[:5] == b"%PDF-"


def test_a_stored_page_opens_while_its_model_is_not_there(tmp_path: Path) -> None:
    """After a restart the model is announced without what it offers: the answer is shown, nothing further is asked."""
    app, engines = served(tmp_path, load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        where = client.post("/panels", data={"model": "sentiment", "text": "good"}).headers["location"]
        engine = engines[0].engine
        state = engine.state("sentiment")
        bare = {"status": "loading", "digest": "", "methods": (), "baselines": (), "offers": (), "labels": ()}
        engine._states["sentiment"] = state.model_copy(update=bare)
        page = client.get(where)

    assert page.status_code == 200
    assert questions(page.text) == []
    assert 'id="anew"' not in page.text
