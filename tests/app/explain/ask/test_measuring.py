"""Measures on demand from the explanation page: made once for a method, kept, and shown beside the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.served import served
from tests.tiny import tiny

TEXT = "the witty film is not good"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
ON_DEMAND = ("naopc", "infidelity", "max-sensitivity", "randomisation")


def model(name: str) -> Any:
    found = tiny("bert")
    found.id = name
    return found


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("measures"), load=model)
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


@pytest.fixture(scope="module")
def panel(client: TestClient) -> str:
    asked = {"model": "sentiment", "input": {"text": TEXT}, "methods": ["leave-one-out", "gradient-x-input"]}
    return "/panels/" + str(client.post("/v1/panels", json=asked).json()["key"])


def row(page: str, measure: str) -> dict[str, str] | None:
    """The numbers of a line of the table of measures, by the short names of the methods."""
    heads = re.findall(r'<th scope="col">([^<]+)</th>', page.partition(">Measure</th>")[2].partition("</thead>")[0])
    found = re.search(rf'<th scope="row">{measure}<small>.*?</tr>', page, flags=re.S)
    numbers = [] if found is None else re.findall(r"<td>(?:<b>)?(.*?)(?:</b>)?</td>", found.group())
    return None if found is None else dict(zip(heads, numbers, strict=True))


def choices(page: str) -> list[str]:
    return re.findall(r'<option value="([^"]+)"', page.partition("data-measure>")[2].partition("</form>")[0])


def test_a_method_is_measured_by_a_form_and_stays_so(client: TestClient, panel: str) -> None:
    """303 back to the page, which shows the numbers of an explanation that REST gives under the same key."""
    before = client.get(panel).text
    answer = client.post(f"{panel}/measures", data={"method": "leave-one-out"}, follow_redirects=False)
    after = client.get(panel).text

    assert row(before, "Infidelity") is None
    assert sorted(choices(before)) == ["gradient-x-input", "leave-one-out"]  # in the order of the rows
    assert (answer.status_code, answer.headers["location"]) == (303, f"{panel}#quality")
    assert choices(after) == ["gradient-x-input"]
    shown = row(after, "Infidelity")
    assert shown is not None
    assert shown["Gradient × input"] == "–"
    asked = {"model": "sentiment", "input": {"text": TEXT}, "method": "leave-one-out", "measures": ON_DEMAND}
    asked |= {"players": "word", "precision": "fp32"}
    made = client.post("/v1/explanations", json=asked).json()
    number = float(shown["Leave-one-out"].replace("−", "-").replace("+", ""))
    assert number == pytest.approx(made["checks"]["infidelity"], abs=0.006)


def test_a_script_gets_the_section_alone(client: TestClient, panel: str) -> None:
    """The same section as in the page, with every number made so far."""
    answer = client.post(
        f"{panel}/measures", data={"method": "gradient-x-input"}, headers={"X-Whence-Fragment": "measures"}
    )

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "data-measures" in answer.text
    assert (row(answer.text, "Infidelity") or {})["Gradient × input"] != "–"


@pytest.mark.parametrize("method", ["", "shap", "nonsense"])
def test_a_method_that_the_page_has_not_is_refused(client: TestClient, panel: str, method: str) -> None:
    """The page stays, with the reason above the form."""
    answer = client.post(f"{panel}/measures", data={"method": method})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert client.get(f"{panel}/measures", follow_redirects=False).headers["location"] == panel


def test_the_page_of_one_explanation_measures_it_too(client: TestClient) -> None:
    """Its own address; another project or a deleted key is not found."""
    asked = {"model": "sentiment", "input": {"text": TEXT}, "method": "rollout"}
    page = "/explanations/" + str(client.post("/v1/explanations", json=asked).json()["key"])

    answer = client.post(f"{page}/measures", data={"method": "rollout"})

    assert answer.status_code == 200
    assert row(answer.text, "Max-sensitivity") is not None
    assert choices(answer.text) == []
    assert client.post(f"/panels/{'0' * 64}/measures", data={"method": "shap"}).status_code == 404


def test_slopes_are_measured_with_the_baseline_of_the_page(client: TestClient) -> None:
    """They name the zero that they are taken against; what masks is the model's own baseline."""
    asked = {"model": "sentiment", "input": {"text": TEXT}, "method": "smoothgrad", "options": {"samples": 4}}
    made = client.post("/v1/explanations", json=asked).json()

    assert made["baseline"] == "zero"
    assert client.post(f"/explanations/{made['key']}/measures", data={"method": "smoothgrad"}).status_code == 200
    asked |= {"measures": ON_DEMAND, "players": "word", "precision": "fp32", "baseline": "mask"}
    known = client.post("/v1/explanations", json=asked, headers={"Prefer": "wait=0"})
    assert known.status_code == 200


def test_a_budget_of_the_page_is_that_of_its_measures(client: TestClient) -> None:
    """What is measured is the explanation that is shown, not one with more evaluations."""
    text = "the witty film is not good but the long movie recovers well"
    asked = {"model": "sentiment", "input": {"text": text}, "budget": 64}
    made = client.post("/v1/panels", json=asked | {"methods": ["shap"]}).json()
    answer = client.post(f"/panels/{made['key']}/measures", data={"method": "shap"}, follow_redirects=False)
    shown = made["explanations"][0]
    asked |= {"method": "shap", "measures": ON_DEMAND, "players": "word", "precision": shown["precision"]}
    known = client.post("/v1/explanations", json=asked, headers={"Prefer": "wait=0"})

    assert answer.status_code == 303
    assert shown["budget"] == 64
    assert known.status_code == 200
    assert known.json()["scores"] == shown["scores"]
