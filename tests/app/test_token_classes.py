"""Token classifiers over pages and REST: a class for every word, and a word chosen to be explained."""

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
TEXT = "the witty film recovers, and it is good"


def model(name: str) -> Any:
    found = tiny("bert", labels=4, task="word", seed=7)
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("words"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


def asked(client: TestClient, **fields: str) -> str:
    answer = client.post("/panels", data={"text": TEXT, "model": "sentiment", **fields}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_predictions_have_a_class_for_every_word(client: TestClient) -> None:
    """POST /v1/predictions: the words with their places; the model says that it is of this kind."""
    found = client.post("/v1/predictions", json={"model": "sentiment", "inputs": [{"text": TEXT}]}).json()
    words = found["predictions"][0]["words"]

    assert [word["text"] for word in words] == re.findall(r"\w+|,", TEXT)
    assert all(TEXT[word["start"] : word["end"]] == word["text"] for word in words)
    assert {word["predicted"]["label"] for word in words} <= {f"LABEL_{k}" for k in range(4)}
    assert client.get("/v1/models/sentiment").json()["task"] == "word"


def test_the_page_lists_the_class_of_every_word(client: TestClient) -> None:
    """Each is a button that asks for its explanation; the one that is explained is marked."""
    page = client.get(asked(client)).text

    assert len(set(re.findall(r'name="word" value="(\d+)"', page))) == 9
    assert len(re.findall(r'aria-current="true" class="swapped"', page)) == 1
    assert "The model says a class of every word." in page
    assert "data-whatif" not in page


def test_a_chosen_word_has_an_address_of_its_own(client: TestClient) -> None:
    """And the explanation is that of its class."""
    address = asked(client, word="2")
    record = client.get(f"/v1{address}").json()

    assert address != asked(client, word="3")
    assert record["explanations"][0]["word"] == 2
    assert record["prediction"]["predicted"] == record["prediction"]["words"][2]["predicted"]
    assert "The model says of “film”" in html.unescape(client.get(address).text)


def test_rest_explains_the_class_of_a_word(client: TestClient) -> None:
    """target = (word, class): any class of the model at that word; a word that is not there is refused."""
    body = {"model": "sentiment", "input": {"text": TEXT}, "method": "shap", "word": 1, "target": 3}
    found = client.post("/v1/explanations", json=body).json()

    assert (found["word"], found["target"]["index"]) == (1, 3)
    assert max(abs(each) for each in found["residual"]) < 1e-5
    assert client.post("/v1/explanations", json={**body, "word": 9}).status_code == 422


def test_chinese_page(client: TestClient) -> None:
    """The same in Chinese."""
    page = client.get(asked(client), headers={"Accept-Language": "zh"}).text

    assert "选择一个词以解释其类别" in page
