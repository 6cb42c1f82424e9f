"""A panel's JSON is made once, by the engine, and read once, by the process that shows it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient

import explainers
from app.engine.schemas import ExplanationRecord
from app.explain.ask.records import extended
from app.explain.ask.schemas import ExplanationOut, PanelOut
from tests.served import served

BODY = {"model": "sentiment", "input": {"text": "a good, not bad film"}}
FORM = {"model": "sentiment", "text": "a good, not bad film"}
ORIGIN = {"origin": "http://localhost"}


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often an explanation or a panel was made into JSON or values, and read from them, by the name of its class.

    `residual` is computed anew whenever an explanation is written, also as a part of something else.
    """
    found: Counter[str] = Counter()

    def watch(name: str, verb: str) -> None:
        plain = getattr(BaseModel, name)
        function = getattr(plain, "__func__", plain)

        def counting(self: Any, *given: Any, **named: Any) -> Any:
            kind = self if isinstance(self, type) else type(self)
            if issubclass(kind, explainers.Attribution | explainers.Panel):
                found[f"{verb} {kind.__name__}"] += 1
            return function(self, *given, **named)

        monkeypatch.setattr(BaseModel, name, classmethod(counting) if plain is not function else counting)

    for name in ("model_dump", "model_dump_json"):
        watch(name, "written")
    for name in ("model_validate", "model_validate_json"):
        watch(name, "read")
    gap = ExplanationRecord.residual.fget  # type: ignore[attr-defined]

    def residual(self: Any) -> Any:
        found["written in all"] += 1
        return gap(self)

    monkeypatch.setattr(ExplanationRecord, "residual", property(residual))
    return found


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, _ = served(tmp_path)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_a_panel_is_written_and_read_once_on_its_way_to_a_caller(client: TestClient, counted: Counter[str]) -> None:
    """Asked over REST: the engine writes, the web process reads it for the history and answers the bytes."""
    answer = client.post("/v1/panels", json=BODY)
    methods = len(answer.json()["explanations"])

    assert methods >= 3
    assert counted == {
        "written ExplanationRecord": methods, "written in all": methods, "written Panel": 1, "read PanelOut": 1,
    }  # fmt: skip


def test_a_page_reads_what_it_shows_once(client: TestClient, counted: Counter[str]) -> None:
    """The form reads the answer for the history; the page it leads to reads what is stored; nothing is written anew."""
    sent = client.post("/panels", data=FORM, headers={**ORIGIN, "Prefer": "wait=60"})
    methods = counted["written in all"]
    assert counted["read PanelOut"] == 1
    counted.clear()
    page = client.get(sent.headers["location"])

    assert methods >= 3
    assert page.status_code == 200
    assert counted["read PanelOut"] == 1
    assert not [name for name in counted if name.startswith("written") and name != "written in all"]


def test_what_is_stored_is_what_was_answered_and_can_be_read(client: TestClient) -> None:
    """The panel and each explanation of it, under their addresses, with everything that the schemas promise."""
    answer = client.post("/v1/panels", json=BODY)
    panel = answer.json()

    assert client.get(f"/v1/panels/{panel['key']}").content == answer.content
    assert set(panel) == set(json.loads(PanelOut.model_validate(panel).model_dump_json()))
    assert panel["target"]["label"] == panel["prediction"]["labels"][panel["target"]["index"]]
    for part in panel["explanations"]:
        one = client.get(f"/v1/explanations/{part['key']}")
        assert one.json() == part
        assert part["panel"] == panel["key"]
        assert part["model"]["id"] == "sentiment"
        assert json.loads(ExplanationOut.model_validate(part).model_dump_json()) == part


def test_members_are_put_at_the_end_of_an_object() -> None:
    """Strings are quoted, JSON texts go in as they are."""
    made = extended(b'{"a":1}', key='"“', none=None, parts=[b'{"b":2}', b'{"c":"\xc3\xa9"}'], names=["x"], nothing=[])

    assert json.loads(made) == {
        "a": 1, "key": '"“', "none": None, "parts": [{"b": 2}, {"c": "é"}], "names": ["x"], "nothing": [],
    }  # fmt: skip
