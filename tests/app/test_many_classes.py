"""A model of ten thousand classes: pages and answers list the strongest and say what they left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.schemas import LISTED_CLASSES, MOST_CLASSES
from explainers.testing import LinearModel
from tests.served import served

STRONGEST = 4_321  # the class that the only word speaks for most


def wide(name: str) -> LinearModel:
    model = LinearModel({"good": tuple(-abs(index - STRONGEST) / 100 for index in range(MOST_CLASSES))})
    model.id = name
    model.digest = f"digest of {name}"
    model.labels = tuple(f"class{index:05d}" for index in range(MOST_CLASSES))
    return model


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(Path(tmp_path_factory.mktemp("data")), load=wide)
    with TestClient(app, base_url="http://localhost") as client:
        yield client


def test_a_prediction_lists_the_strongest_and_counts_the_rest(client: TestClient) -> None:
    """All of them where somebody asks for them."""
    body = {"model": "sentiment", "inputs": [{"text": "good"}]}
    (found,) = client.post("/v1/predictions", json=body).json()["predictions"]
    (every,) = client.post("/v1/predictions", json={**body, "top_k": MOST_CLASSES}).json()["predictions"]

    assert found["predicted"]["index"] == found["classes"][0]["index"] == STRONGEST
    assert (len(found["classes"]), found["left_out"]) == (LISTED_CLASSES, MOST_CLASSES - LISTED_CLASSES)
    assert {each["index"] for each in found["classes"]} <= set(range(STRONGEST - 50, STRONGEST + 51))
    assert (len(every["classes"]), every["left_out"]) == (MOST_CLASSES, 0)
    assert every["classes"][:LISTED_CLASSES] == found["classes"]


def test_an_explanation_lists_the_strongest_and_the_class_that_was_asked_for(client: TestClient) -> None:
    """As the page does: a panel says the prediction once for itself and once a method."""
    body = {"model": "sentiment", "input": {"text": "good"}, "target": "class00007"}
    (every,) = client.post(
        "/v1/predictions", json={"model": "sentiment", "inputs": [{"text": "good"}], "top_k": MOST_CLASSES}
    ).json()["predictions"]
    chance = {each["index"]: each["probability"] for each in every["classes"]}
    panel = client.post("/v1/panels", json=body)
    single = client.post("/v1/explanations", json={**body, "method": "leave-one-out"})

    for said in (panel.json()["prediction"], single.json()["prediction"]):
        assert said["numbers"] == [7, *range(STRONGEST - 50, STRONGEST + 50)]
        assert said["labels"] == [f"class{number:05d}" for number in said["numbers"]]
        assert said["probabilities"] == [chance[number] for number in said["numbers"]]
        assert said["left_out"] == MOST_CLASSES - LISTED_CLASSES - 1
    assert len(panel.content) < 300_000
    for target in (7, "class00007", STRONGEST):
        found = client.get(f"/v1/panels/{panel.json()['key']}", params={"target": target}).json()
        assert found["target"]["label"] == (f"class{STRONGEST:05d}" if target == STRONGEST else "class00007")
    assert client.get(f"/v1/panels/{panel.json()['key']}", params={"target": "class09999"}).status_code == 422


def test_the_list_of_models_has_the_first_classes_and_the_models_address_has_all(client: TestClient) -> None:
    """The list is asked for by every client, often."""
    listed = client.get("/v1/models")
    (model,) = listed.json()["models"]

    assert (len(model["labels"]), model["labels_left_out"]) == (LISTED_CLASSES, MOST_CLASSES - LISTED_CLASSES)
    assert len(listed.content) < 10_000
    assert len(client.get("/v1/models/sentiment").json()["labels"]) == MOST_CLASSES


@pytest.mark.parametrize(("lang", "says"), [("en", "9900 less probable classes are left out"), ("zh", "另有 9900 个")])
def test_a_page_shows_the_strongest_and_says_where_the_others_are(client: TestClient, lang: str, says: str) -> None:
    """A page of ten thousand bars is of no use to anybody."""
    sent = {"model": "sentiment", "text": "good"}
    page = client.post("/panels", data=sent, follow_redirects=False)
    found = client.get(page.headers["location"], params={"lang": lang}).text

    assert f"class{STRONGEST:05d}" in found
    assert found.count('data-class="') == LISTED_CLASSES
    assert says in found.replace(",", "")
    for path in ("/", "/models"):
        assert len(client.get(path).content) < 60_000, path
