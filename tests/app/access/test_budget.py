"""What a caller may spend, and that nobody else pays for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import explainers
from app.access.budget import Purse, Purses
from app.engine.demand.costs import tokens_of, tokens_of_file
from app.engine.messages import Count, Explain, Explained, ExplainedPanel, MakePanel, Predict, Score
from app.errors import OverBudget
from app.scopes import Scope
from tests.app.access.conftest import HTTPS, made
from tests.served import served


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spend(purse: Purse, estimate: float, cost: float) -> None:
    with purse.paying(estimate) as settle:
        settle(cost)


def test_a_purse_refills_steadily(clock: Clock) -> None:
    """What is overspent is waited for, and the refusal says how long."""
    purse = Purse(600, at_once=9, clock=clock)
    spend(purse, 100, 700)  # more than there is: a question may be large
    with pytest.raises(OverBudget) as refused:
        spend(purse, 1, 1)
    assert refused.value.retry_after == 11  # 101 at 10 a second

    clock.now += 10.0  # 0 again
    with pytest.raises(OverBudget):
        spend(purse, 1, 1)
    clock.now += 0.1
    spend(purse, 1, 1)


def test_a_purse_holds_no_more_than_a_minute(clock: Clock) -> None:
    """Whoever was away for an hour cannot ask for an hour's worth at once."""
    purse = Purse(600, at_once=9, clock=clock)
    clock.now += 3600
    spend(purse, 600, 600)
    with pytest.raises(OverBudget):
        spend(purse, 1, 1)


def test_what_was_estimated_too_high_is_given_back(clock: Clock) -> None:
    """And what fails costs its estimate: it may have run for long."""
    purse = Purse(600, at_once=9, clock=clock)
    for _ in range(5):
        spend(purse, 500, 10)
    assert purse.held == 550
    with pytest.raises(ZeroDivisionError), purse.paying(50):
        raise ZeroDivisionError
    assert purse.held == 500
    assert purse.in_hand == 0


def test_one_caller_does_not_fill_the_queue(clock: Clock) -> None:
    """Only so many of one caller's questions are in hand at once."""
    purse = Purse(600, at_once=1, clock=clock)
    with purse.paying(1):
        with pytest.raises(OverBudget, match="being answered already"), purse.paying(1):
            pass
        assert purse.in_hand == 1
    spend(purse, 1, 1)


def test_a_job_leaves_a_debt_of_five_minutes_at_most(clock: Clock) -> None:
    """It is charged when it is sent; what it owes is refilled before the next question."""
    purse = Purse(600, at_once=9, clock=clock)
    purse.charge(500)
    spend(purse, 1, 1)
    purse.charge(1_000_000)
    with pytest.raises(OverBudget) as refused:
        purse.charge(1)
    assert refused.value.retry_after == 301
    clock.now += 300.2
    spend(purse, 1, 1)


def test_each_caller_has_a_purse() -> None:
    """The same for the same caller."""
    purses = Purses(600, 1)

    assert purses.of("a") is purses.of("a")
    assert purses.of("a") is not purses.of("b")


def test_the_cost_is_rows_times_tokens() -> None:
    """Of all explanations of a panel; a token has about four characters."""
    question = explainers.Question.about(text="x" * 40, budget=20)
    parts = tuple(
        Explained(body=b"{}", method="m", target={}, passes=passes, seconds=0.0, arrays={}) for passes in (3, 4, 0)
    )
    panel = MakePanel(model="m", question=question)
    single = Explain(model="m", question=question, method="m")

    assert panel.spent(ExplainedPanel(body=b"{}", target={}, seconds=0.0, parts=parts)) == 7 * 12
    assert [single.spent(part) for part in parts] == [3 * 12, 4 * 12, 12]
    assert panel.cost == single.cost == 240
    assert Predict(model="m", questions=(question,) * 2).cost == 24
    assert Score(model="m", texts=("x" * 40, ("x" * 20, "y" * 20))).cost == 24
    assert Count().cost == 0
    assert tokens_of("x" * 40, None) == 12
    assert tokens_of("x" * 40, "y" * 8) == 14
    assert tokens_of_file(40 * 3, rows=3) == 3 * tokens_of("x" * 40)


@pytest.fixture
def poor(tmp_path: Path) -> Iterator[tuple[TestClient, str, str]]:
    keys = [made(tmp_path, scopes=[Scope.EXPLAIN]).secret for _ in range(2)]
    app, _ = served(tmp_path, auth="apikey", budget=1000)
    with TestClient(app, base_url=HTTPS) as client:
        yield client, keys[0], keys[1]


@pytest.mark.parametrize("path", ["/v1/explanations", "/v1/panels", "/v1/predictions", "/v1/models/sentiment:explain"])
def test_who_overspends_waits_and_others_do_not(poor: tuple[TestClient, str, str], path: str) -> None:
    """429 with the time to wait, on every route that asks a model; what is stored costs nothing."""
    client, spender, other = poor
    first: dict[str, Any] = {"model": "sentiment", "input": {"text": "a good film"}, "method": "leave-one-out"}
    assert ask(client, spender, "/v1/explanations", first).status_code == 200
    spent = {"model": "sentiment", "inputs": [{"text": "word " * 2000}] * 2}
    assert ask(client, spender, "/v1/predictions", spent).status_code == 200
    text = {"text": "not a good film"}
    body = {
        "/v1/explanations": {**first, "input": text},
        "/v1/panels": {"model": "sentiment", "input": text},
        "/v1/predictions": {"model": "sentiment", "inputs": [text]},
        "/v1/models/sentiment:explain": {"instances": [text]},
    }[path]
    refused = ask(client, spender, path, body)

    assert refused.status_code == 429
    assert refused.json()["code"] == "over_budget"
    assert int(refused.headers["retry-after"]) > 1
    assert ask(client, other, path, body).status_code == 200
    assert ask(client, spender, "/v1/explanations", first).status_code == 200


def ask(client: TestClient, key: str, path: str, body: Any) -> Any:
    return client.post(path, json=body, headers={"x-api-key": key})


TEXTS = [{"text": "a good film " * 40}] * 40  # 4,880 tokens: more than the budget
BATCH = {"model": "sentiment", "inputs": TEXTS}


def test_a_batch_is_charged_to_who_sends_it(poor: tuple[TestClient, str, str]) -> None:
    """When it is sent, once for a key of idempotency; a question waits for what it owes, and others do not."""
    client, spender, other = poor
    again = {"x-api-key": spender, "idempotency-key": "one"}
    sent = [client.post("/v1/batches", json=BATCH, headers=again) for _ in range(2)]
    question = {"model": "sentiment", "inputs": [{"text": "a good film"}]}

    assert [each.status_code for each in sent] == [202, 202]
    assert sent[0].json()["id"] == sent[1].json()["id"]
    refused = [ask(client, spender, "/v1/batches", BATCH), ask(client, spender, "/v1/predictions", question)]
    assert [each.status_code for each in refused] == [429, 429]
    assert 200 < int(refused[0].headers["retry-after"]) <= 300
    assert ask(client, other, "/v1/predictions", question).status_code == 200


@pytest.fixture
def auditor(tmp_path: Path) -> Iterator[tuple[TestClient, dict[str, str]]]:
    key = made(tmp_path, scopes=[Scope.AUDIT]).secret
    app, _ = served(tmp_path, auth="apikey", budget=20_000)
    with TestClient(app, base_url=HTTPS) as client:
        yield client, {"x-api-key": key}


def test_an_audit_is_charged_to_who_sends_it(auditor: tuple[TestClient, dict[str, str]]) -> None:
    """The second has to wait; the page of audits says so, with the time in its header."""
    client, headers = auditor
    plan = {"model": "sentiment", "data": {"kind": "templates", "language": "en"}}
    first = client.post("/v1/audits", json=plan, headers=headers)
    second = client.post("/v1/audits", json=plan, headers=headers)
    page = client.post("/audits", data={"model": "sentiment", "source": "templates-en"}, headers=headers)

    assert (first.status_code, second.status_code, page.status_code) == (202, 429, 429)
    assert int(second.headers["retry-after"]) > 60
    assert int(page.headers["retry-after"]) > 60
    assert "<form" in page.text


def test_a_model_over_a_data_set_is_charged_to_who_asks(auditor: tuple[TestClient, dict[str, str]]) -> None:
    """By the size of the file and the rows that are explained; reading it cost nothing."""
    client, headers = auditor
    file = "text\n" + "a good film with a bad end\n" * 200
    id = client.post("/v1/datasets", content=file, headers={**headers, "content-type": "text/csv"}).json()["id"]
    services = client.app.state.services  # type: ignore[attr-defined]
    with_read(services.store, id, rows=200)
    all_rows = client.post(f"/v1/datasets/{id}/predictions", json={"model": "sentiment"}, headers=headers)
    explained = {"model": "sentiment", "explain": 200, "method": "leave-one-out"}
    asked = [client.post(f"/v1/datasets/{id}/predictions", json=explained, headers=headers) for _ in range(2)]

    assert [each.status_code for each in (all_rows, *asked)] == [202, 202, 429]


def with_read(store: Any, id: str, *, rows: int) -> None:
    """As the job runner leaves a data set whose file it has read."""
    from app.store.datasets import rows as datasets

    def write(session: Any) -> None:
        serial = datasets.find(session, "alpha", id).serial
        datasets.change(session, serial, status="ready", rows=rows)

    store.commit(write)
