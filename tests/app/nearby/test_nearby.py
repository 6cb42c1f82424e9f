"""Rows near a row and near a text: the pure search, and the way from a file to the page with tiny models."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.datasets.vectors import narrowed
from app.nearby.near import nearest
from app.nearby.stored import WHOLE
from app.store import jobs
from app.store.job_states import State
from tests.app.jobs.inline import execution
from tests.served import linear, served
from tests.tiny import tiny_comparing

HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
REST = {"Accept": "application/json"}
WORDS = ("good", "bad", "gorgeous", "witty", "clumsy", "funny", "dull", "film", "movie", "worker")
ROWS = [
    f"the {first} {second} is {WORDS[(k + j) % 10]}"
    for k, first in enumerate(WORDS)
    for j, second in enumerate(WORDS[6:])
]
FILE = "text,label\n" + "".join(f"{text},yes\n" for text in ROWS)


def load(name: str) -> Any:
    return tiny_comparing() if name == "similarity" else linear(name)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("near"), load=load, names=("sentiment", "similarity"))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


def run(client: TestClient) -> None:
    store = client.app.state.services.store  # type: ignore[attr-defined]
    for job in store.query(lambda session: [each.id for each in jobs.in_states(session, [State.QUEUED])]):
        execution(store, load=load, names=("sentiment", "similarity")).run(job)


def words(page: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_nearest_over_blocks_are_those_of_the_whole() -> None:
    """In any cut into blocks, without the row itself, without rows that have no vector."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[5] = np.nan
    cosines = vectors @ vectors[17]
    wanted = [row for row in np.argsort(-np.nan_to_num(cosines, nan=-9)).tolist() if row not in (5, 17)][:12]
    for cut in (200, 64, 7):
        found = nearest((vectors[at : at + cut] for at in range(0, 200, cut)), vectors[17], count=12, but=17)
        assert [row for row, _ in found] == wanted
        assert [cosine for _, cosine in found] == pytest.approx(cosines[wanted].tolist(), abs=1e-6)
    assert len(nearest([vectors], vectors[17], count=500)) == 199


def test_many_rows_are_projected_with_their_angles() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(300, 384))
    vectors[1] = vectors[0] + 0.1 * vectors[1]
    small = narrowed(vectors, 10**6, whole=WHOLE)
    cosine = small[0] @ small[1] / np.linalg.norm(small[0]) / np.linalg.norm(small[1])

    assert small.shape == (300, 64)
    assert cosine > 0.97
    assert narrowed(vectors, 1_000, whole=WHOLE) is vectors


def test_a_text_alone_has_the_vector_it_has_in_a_pair() -> None:
    """Whatever texts it is asked beside; a pair has none."""
    model = tiny_comparing()
    found = model.states(["the movie is bad", "a good witty film that never recovers", "the movie is bad"])
    question = {"text": "the movie is bad", "text_pair": "a good witty film that never recovers"}
    import explainers

    inputs = model.encode(explainers.Question(input=explainers.TextInput(**question)))

    assert found[:, 0] == pytest.approx(1)
    assert (found[0] == found[2]).all()
    assert float(found[0, 1:] @ found[1, 1:]) == pytest.approx(float(model.predict([inputs])[0, 0]), abs=1e-5)
    with pytest.raises(explainers.BadInput, match="text 1 of the list is a pair"):
        model.states([("a", "b")])


def test_rows_are_found_by_meaning_and_explained(client: TestClient) -> None:
    """Without vectors the page offers to make them; a search for a row's own text finds that row first."""
    where = str(client.post("/datasets", files={"file": ("a.csv", FILE)}, follow_redirects=False).headers["location"])
    run(client)
    assert "No vectors of meaning yet" in client.get(f"{where}/meaning").text
    early = client.post(f"/v1{where}/meaning/search", json={"text": "x"}, headers=REST)
    assert (early.status_code, "no vectors" in early.text) == (409, True)
    refused = client.post(f"/v1{where}/meaning", json={"encoder": "sentiment"}, headers=REST)
    assert (refused.status_code, "compares no texts" in refused.text) == (422, True)
    made = client.post(f"{where}/meaning", data={"encoder": "similarity"}, follow_redirects=False)
    assert made.status_code == 303
    run(client)

    found = client.post(f"/v1{where}/meaning/search", json={"text": ROWS[7], "limit": 3}, headers=REST).json()
    assert found["rows"][0]["row"]["number"] == 7
    assert found["rows"][0]["similarity"] == pytest.approx(1, abs=1e-3)
    near = client.get(f"/v1{where}/rows/7/similar?by=meaning&limit=5", headers=REST).json()
    assert 7 not in [each["row"]["number"] for each in near["rows"]]
    assert [each["similarity"] for each in near["rows"]] == sorted(
        (e["similarity"] for e in near["rows"]), reverse=True
    )
    page = client.get(f"{where}/rows/7/similar")
    assert ROWS[near["rows"][0]["row"]["number"]] in page.text
    assert "no answers of a model are there" in words(page.text)
    assert client.get(f"/v1{where}/rows/400/similar", headers=REST).status_code == 404
    other = near["rows"][0]["row"]["number"]
    why = client.post(f"{where}/rows/7/similar/{other}", headers={"Prefer": "wait=60"}, follow_redirects=False)
    assert why.status_code == 303, words(why.text)
    assert (
        ROWS[other] in html.unescape(client.get(why.headers["location"]).text)
        or "similar" in client.get(why.headers["location"]).text.lower()
    )
    searched = client.post(f"{where}/meaning/search", data={"text": ROWS[3]})
    assert "By meaning" in words(searched.text)
    assert "按语义" in client.get(f"{where}/rows/7/similar?lang=zh").text
