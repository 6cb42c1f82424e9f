"""An explanation arrives on its page: the address at once, the prediction first, then each method's row."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.jobs.runner.work import Work
from app.store import jobs
from explainers.models.transformer import TransformerModel
from tests.app.jobs.inline import execution
from tests.served import LocalEngine, served
from tests.tiny import network_for, tokenizer_for

TEXT = "a gorgeous film , not good"
HEADERS = {"Accept": "text/html", "Origin": "http://localhost"}
FOLLOWED = {"X-Whence-Fragment": "arriving"}
SOON = ("gradient-x-input", "relevance", "rollout", "attention")
GAMES = ("shap", "lime", "integrated-gradients", "leave-one-out")


@dataclass
class Gate:
    """Holds every masked evaluation of a model while it is shut."""

    opened: Event = field(default_factory=Event)
    fails: bool = False
    engines: list[LocalEngine] = field(default_factory=list)


@pytest.fixture
def gate() -> Iterator[Gate]:
    found = Gate()
    yield found
    found.opened.set()


@pytest.fixture
def client(tmp_path: Path, gate: Gate) -> Iterator[TestClient]:
    def load(name: str) -> Any:
        tokenizer = tokenizer_for("bert")
        model = TransformerModel(network_for("bert", tokenizer), tokenizer, id=name, digest="gated")
        outputs = model.outputs

        def held(*args: Any, **named: Any) -> Any:
            gate.opened.wait(30)
            if gate.fails:
                raise MemoryError("no room")
            return outputs(*args, **named)

        gate.opened.set()  # while it warms up
        model.outputs = held  # type: ignore[method-assign]
        return model

    app, gate.engines = served(tmp_path, load=load)
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        gate.opened.clear()
        yield client


def ask(client: TestClient, **fields: str) -> str:
    answer = client.post("/panels", data={"text": TEXT, "model": "sentiment", **fields})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


def rows(page: str, attribute: str) -> list[str]:
    return re.findall(rf'data-{attribute}="([\w-]+)"', page)


def test_prediction_and_rows_stand_on_the_page_before_the_rest_is_made(client: TestClient, gate: Gate) -> None:
    """With the games held, their rows wait in the final order beneath what is there; then the whole page is."""
    where = ask(client)

    page = until(lambda: html if len(rows(html := client.get(where).text, "method")) == 4 else "")
    assert sorted(rows(page, "method")) == sorted(SOON)
    assert sorted(rows(page, "waits")) == sorted(GAMES)
    assert page.index('data-waits="shap"') < page.index('data-method="gradient-x-input"')
    assert re.search(r'class="line said" data-class="\d"', page), "what the model says"
    assert '<noscript><meta http-equiv="refresh"' in page
    assert "4 of 8 methods" in page

    gate.opened.set()
    whole = until(lambda: client.get(where, headers=FOLLOWED).headers.get("x-whence-complete"))
    assert whole == "1"
    complete = client.get(where).text
    ranked = client.get(f"/v1{where}").json()["by_faithfulness"]
    assert rows(complete, "method")[: len(ranked)] == ranked
    assert "data-arriving" not in complete
    assert client.get("/history").text.count(where) == 1


def test_what_is_stopped_says_so_and_can_be_asked_again(client: TestClient, gate: Gate) -> None:
    """The rows that came stay, the text is not lost, and the engine is free."""
    where = ask(client)
    until(lambda: len(rows(client.get(where).text, "method")) == 4)

    assert client.post(f"{where}/stop").headers["location"] == where
    gate.opened.set()
    page = client.get(where).text
    assert "Stopped." in page
    assert sorted(rows(page, "method")) == sorted(SOON)
    assert f">\n{TEXT}</textarea>" in page
    assert "refresh" not in page
    assert client.get(where, headers=FOLLOWED).headers["x-whence-state"] == "stopped"

    assert ask(client) == where
    until(lambda: "data-arriving" not in client.get(where).text)


def test_what_fails_tells_why_at_its_address(client: TestClient, gate: Gate) -> None:
    """The reason, the cure and the text; nothing is stored."""
    gate.fails = True
    where = ask(client)
    gate.opened.set()

    page = until(lambda: html if 'role="alert"' in (html := client.get(where).text) else "")
    assert TEXT in page
    assert client.get(where).status_code >= 500
    assert client.get(f"/v1{where}").status_code == 404


def test_what_is_deleted_while_it_arrives_is_gone(client: TestClient, gate: Gate) -> None:
    where = ask(client)

    assert client.delete(f"/v1{where}").status_code == 204
    gate.opened.set()
    flights = client.app.state.services.flights  # type: ignore[attr-defined]
    until(lambda: not gate.engines[0].waiting and not flights._running)
    assert client.get(where).status_code == 404
    assert TEXT not in client.get("/history").text


def test_two_who_ask_the_same_share_one_run(client: TestClient, gate: Gate) -> None:
    """The engine is asked once for both, and is there for others afterwards."""
    registry = client.app.state.services.metrics.registry  # type: ignore[attr-defined]

    def runs() -> float | None:
        return registry.get_sample_value("whence_forward_passes_count", {"kind": "panel"})

    where = ask(client)
    assert ask(client) == where
    gate.opened.set()
    until(lambda: "data-arriving" not in client.get(where).text)
    assert runs() == 1
    other = ask(client, text="good film")
    until(lambda: "data-arriving" not in client.get(other).text)
    assert runs() == 2


def test_a_comparison_waits_for_both_sides(client: TestClient, gate: Gate) -> None:
    sides = {"text_a": TEXT, "text_b": "good", "model_a": "sentiment", "model_b": "sentiment"}
    where = client.post("/compare", data=sides).headers["location"]

    assert "when both explanations are there" in client.get(where).text
    gate.opened.set()
    until(lambda: "data-arriving" not in client.get(where).text)
    assert client.get(where).status_code == 200


@pytest.mark.parametrize("kind", ["panels", "explanations"])
def test_nothing_under_way_is_not_found(client: TestClient, kind: str) -> None:
    assert client.get(f"/{kind}/{'0' * 64}").status_code == 404
    assert client.post(f"/{kind}/{'0' * 64}/stop").status_code == 404


def test_what_is_slow_arrives_by_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the panel's address, with the rows that the job keeps for it; in the end nothing of them is left."""
    app, _ = served(tmp_path, interactive_seconds=0.0)
    pages: list[str] = []
    with TestClient(app, base_url="http://localhost", headers=HEADERS, follow_redirects=False) as client:
        where = ask(client)
        store = app.state.services.store
        (job,) = store.query(lambda session: [each.id for each in jobs.in_states(session, ["queued"])])
        keep = Work.keep

        def seen(work: Work, name: str, source: Path | bytes) -> None:
            keep(work, name, source)
            pages.append(client.get(where).text)

        pages.append(client.get(where).text)
        monkeypatch.setattr(Work, "keep", seen)
        execution(store).run(job)
        pages.append(client.get(where).text)
        left = store.query(lambda session: jobs.file_part(session, job, "arriving", part=0))

    assert where.startswith("/panels/")
    assert [len(rows(page, "method")) for page in pages] == [0, 0, 1, 2, 3, 3]
    assert 'class="line said"' not in pages[0]
    assert 'class="line said"' in pages[1]
    assert all("data-arriving" in page for page in pages[:-1])
    assert "data-arriving" not in pages[-1]
    assert left is None


def test_what_another_process_makes_is_waited_for(client: TestClient, gate: Gate) -> None:
    """Its page looks again until the answer is stored; what nobody makes any more is not found."""
    where = ask(client)
    arrivals = client.app.state.services.arrivals  # type: ignore[attr-defined]
    (name,) = arrivals._known
    mine = arrivals._known.pop(name)  # as a process that was not asked sees it

    page = client.get(where)
    assert page.status_code == 200
    assert f'content="2;url={where}?look=1"' in page.text
    assert client.get(f"{where}?look=200").status_code == 404
    gate.opened.set()
    until(lambda: mine.ended)
    assert "data-method" in client.get(where).text
