"""Texts longer than the model reads, over pages and REST: windows, sentences, and the words of one of them."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.served import served
from tests.tiny import tiny

HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
SENTENCES = [f"the film is {word}, and {other} movie recovers." for word in ("good", "bad", "dull") for other in "abc"]
TEXT = " ".join(SENTENCES * 4)


def model(name: str) -> Any:
    found = tiny("bert", seed=7)
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("long"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


@pytest.fixture(scope="module")
def whole(client: TestClient) -> str:
    answer = client.post("/panels", data={"text": TEXT, "model": "sentiment"}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def part(client: TestClient, whole: str) -> tuple[str, str]:
    """The first sentence's button, pressed: where it leads, and the value that it sends."""
    value = re.search(r'form="drill" name="focus" value="([\d-]+)"', client.get(whole).text)
    assert value is not None
    answer = client.post(
        "/panels", data={"text": TEXT, "model": "sentiment", "focus": value.group(1)}, follow_redirects=False
    )
    return str(answer.headers["location"]), value.group(1)


def test_the_page_says_in_how_many_windows_the_text_was_read(client: TestClient, whole: str) -> None:
    """The notice, and the reason of each method that is left out; nothing is marked as not seen."""
    page = html.unescape(client.get(whole).text)
    count = len(client.get(f"/v1{whole}").json()["explanations"][0]["windows"])

    assert count > 1
    assert f"it was read in {count} overlapping windows" in page
    assert f"this text is read in {count} windows. Choose one of its sentences." in page
    assert 'class="unseen"' not in page


def test_in_chinese_the_reasons_are_chinese(client: TestClient, whole: str) -> None:
    """Nothing of the English sentence is left."""
    page = html.unescape(client.get(whole, headers={"Accept-Language": "zh"}).text)
    count = len(client.get(f"/v1{whole}").json()["explanations"][0]["windows"])

    assert f"此文本分 {count} 个窗口读取。请选择其中一个句子。" in page
    assert "belongs to one reading" not in page


def test_every_sentence_leads_to_its_words(client: TestClient, whole: str) -> None:
    """An address of its own, with every method; the words of the sentence are the parts, the text around stays."""
    address, focus = part(client, whole)
    start, end = (int(each) for each in focus.split("-"))
    page = client.get(address).text
    record = client.get(f"/v1{address}").json()
    shap = record["explanations"][0]

    assert address != whole
    assert record["absent"] == []
    assert [f["text"] for f in shap["features"]] == re.findall(r"\w+|[^\w\s]", TEXT[start:end])
    assert "Only the parts of one stretch are explained." in page
    assert "Explain the whole text" in page
    assert 'form="drill"' not in page


def test_the_words_of_a_sentence_are_found_again(client: TestClient, whole: str) -> None:
    """The same sentence has the same address; the whole text is one click away, at its own."""
    address, _ = part(client, whole)

    assert part(client, whole)[0] == address
    again = client.post("/panels", data={"text": TEXT, "model": "sentiment"}, follow_redirects=False)
    assert again.headers["location"] == whole


def test_the_cells_of_a_part_are_the_text_again(client: TestClient, whole: str) -> None:
    """What is far from it is folded away, not left out."""
    address, _ = part(client, whole)
    page = client.get(address).text
    found = re.search(r'<div class="heatmap[^>]*>(.*?)</div>', page, re.S)
    assert found is not None
    without_scores = re.sub(r'<span class="vh">.*?</span>', "", found.group(1))

    assert html.unescape(re.sub(r"<[^>]+>", "", without_scores)) == TEXT
    assert "<span hidden" in page


def test_a_word_of_a_part_is_tried_in_its_window(client: TestClient, whole: str) -> None:
    """Without scripts: the changed text is the window that the model reads, not the whole text."""
    address, _ = part(client, whole)
    page = client.post(f"{address}/try", data={"word": "3"}).text
    specimen = re.search(r'<p class="specimen".*?</p>', page, re.S)

    assert specimen is not None
    assert 200 < len(re.sub(r"<[^>]+>", "", specimen.group())) < len(TEXT) / 2


def test_rest_takes_focus_and_long_text(client: TestClient) -> None:
    """The fields of the question; what the model cannot do with them is a problem with its cure."""
    asked = {"model": "sentiment", "input": {"text": TEXT}, "method": "leave-one-out"}

    cut = client.post("/v1/explanations", json={**asked, "long_text": "cut"}).json()
    part = client.post("/v1/explanations", json={**asked, "focus": [0, 40]}).json()
    outside = client.post("/v1/explanations", json={**asked, "focus": [0, 99_999]})

    assert cut["windows"] == []
    assert cut["unseen"][0]["end"] == len(TEXT)
    assert part["focus"]["end"] <= 40
    assert {f["end"] <= 40 for f in part["features"]} == {True}
    assert outside.status_code == 422
    assert "no stretch of the text" in outside.json()["detail"]


@pytest.mark.parametrize("focus", ["x", "5", "9-", "-", "1-2-3"])
def test_a_broken_focus_is_refused(client: TestClient, focus: str) -> None:
    """The form comes back with what was typed."""
    answer = client.post("/panels", data={"text": "the film", "model": "sentiment", "focus": focus})

    assert answer.status_code == 422
    assert "the film" in answer.text
