"""The REST routes as a service sees them: what they answer, and the same bytes again."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from safetensors.numpy import load
from starlette.testclient import TestClient

from explainers.testing import LinearModel
from tests.served import WEIGHTS, LocalEngine, linear, served

TEXT = "a gorgeous film , not good"
ASKED = {"model": "sentiment", "input": {"text": TEXT}, "method": "leave-one-out"}
METHODS = ["shap", "leave-one-out"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app, engines = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        client.engines = engines  # type: ignore[attr-defined]
        yield client


def calls(client: TestClient) -> list[str]:
    engines: list[LocalEngine] = client.engines  # type: ignore[attr-defined]
    return engines[-1].asked


def explained(client: TestClient, **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/explanations", json={**ASKED, **changes})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_predictions_list_the_classes_most_probable_first(client: TestClient) -> None:
    """The logits are the sums of the words' weights, and top_k cuts the list."""
    answer = client.post(
        "/v1/predictions",
        json={"model": "sentiment", "inputs": [{"text": "gorgeous"}, {"text": "bad bad"}], "top_k": 1},
    ).json()

    first, second = answer["predictions"]
    assert first["predicted"]["label"] == "yes"
    assert first["classes"] == [first["predicted"]]
    assert second["predicted"]["logit"] == 2 * WEIGHTS["bad"][0]


def test_an_explanation_gives_a_linear_model_its_weights(client: TestClient) -> None:
    """The whole way: JSON, queue, engine, store, JSON."""
    found = explained(client, method="shap")

    scores = dict(zip([f["text"] for f in found["features"]], found["scores"][1], strict=True))
    assert scores["gorgeous"] == pytest.approx(WEIGHTS["gorgeous"][1] - WEIGHTS["gorgeous"][0])
    assert found["target"] == {"index": 1, "label": "yes"}
    assert found["residual"] == pytest.approx([0, 0])


def test_a_measure_is_made_where_it_is_asked_for(client: TestClient) -> None:
    """It stands among the checks, under a key of its own; one that does not exist names those that do."""
    body = {"model": "sentiment", "input": {"text": "good, not bad, and a gorgeous film"}, "method": "leave-one-out"}
    plain = client.post("/v1/explanations", json=body).json()
    found = client.post("/v1/explanations", json={**body, "measures": ["naopc"]}).json()
    wrong = client.post("/v1/explanations", json={**body, "measures": ["truth"]})

    assert "naopc_sufficiency" not in plain["checks"]
    assert found["checks"]["naopc_sufficiency"] == pytest.approx(0)
    assert found["key"] != plain["key"]
    assert wrong.status_code == 422
    assert "infidelity" in wrong.text


def test_a_repeated_question_never_touches_the_engine(client: TestClient) -> None:
    """The second answer is the first one's bytes; so is the permanent address."""
    first = client.post("/v1/explanations", json=ASKED)
    second = client.post("/v1/explanations", json={**ASKED, "value": "log-odds", "baseline": "mask", "seed": 0})
    third = client.get(f"/v1/explanations/{first.json()['key']}")

    assert first.content == second.content == third.content
    assert calls(client) == ["explain"]


def test_another_class_is_another_row_of_the_same_result(client: TestClient) -> None:
    """The target is not part of the key, by label or by index."""
    key = explained(client)["key"]
    by_label = explained(client, target="no")
    by_index = client.get(f"/v1/explanations/{key}?target=0").json()

    assert by_label["key"] == by_index["key"] == key
    assert by_label["target"] == by_index["target"] == {"index": 0, "label": "no"}
    assert calls(client) == ["explain"]


def test_results_survive_a_restart(tmp_path: Path) -> None:
    """GET of each key gives the same bytes, and asking again needs no engine."""
    app, engines = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        before = client.post("/v1/panels", json={"model": "sentiment", "input": {"text": TEXT}, "methods": METHODS})
        panel = before.json()
        parts = {each["key"]: client.get(f"/v1/explanations/{each['key']}").content for each in panel["explanations"]}

    app, engines = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get(f"/v1/panels/{panel['key']}").content == before.content
        assert {key: client.get(f"/v1/explanations/{key}").content for key in parts} == parts
        again = client.post("/v1/panels", json={"model": "sentiment", "input": {"text": TEXT}, "methods": METHODS})

    assert again.content == before.content
    assert engines[-1].asked == []


def test_a_panel_has_every_method_and_what_they_agree_on(client: TestClient) -> None:
    """The explanations of a panel have addresses of their own, and say which panel they belong to."""
    panel = client.post(
        "/v1/panels", json={"model": "sentiment", "input": {"text": TEXT}, "methods": METHODS, "target": "no"}
    ).json()

    assert [each["method"]["name"] for each in panel["explanations"]] == METHODS
    assert panel["agreement"]["methods"] == METHODS
    assert {each["panel"] for each in panel["explanations"]} == {panel["key"]}
    assert {each["target"]["label"] for each in panel["explanations"]} == {"no"}


def test_what_is_deleted_is_gone(client: TestClient) -> None:
    """An explanation of a panel goes with its panel only."""
    alone = explained(client)["key"]
    panel = client.post("/v1/panels", json={"model": "sentiment", "input": {"text": TEXT}, "methods": METHODS}).json()
    part = panel["explanations"][0]["key"]

    assert client.delete(f"/v1/explanations/{part}").status_code == 409
    assert client.delete(f"/v1/explanations/{alone}").status_code == 204
    assert client.delete(f"/v1/explanations/{alone}").status_code == 404
    assert client.delete(f"/v1/panels/{panel['key']}").status_code == 204
    assert client.get(f"/v1/explanations/{part}").status_code == 404


def test_accept_chooses_the_form(client: TestClient) -> None:
    """A page and a table to keep, the numbers as tensors, and 406 for what is not offered."""
    path = f"/v1/explanations/{explained(client)['key']}"
    page = client.get(path, headers={"accept": "text/html, application/json;q=0.5"})
    table = client.get(path, headers={"accept": "text/csv"})
    tensors = client.get(path, headers={"accept": "application/vnd.safetensors"})

    assert page.headers["content-disposition"].startswith("attachment")
    assert "<script" not in page.text
    assert table.text.startswith("target,")
    assert load(tensors.content)["scores"].shape == (2, 6)
    assert client.get(path, headers={"accept": "image/png"}).status_code == 406


def test_kserve_aliases_take_instances(client: TestClient) -> None:
    """Texts or objects, and as many answers as instances."""
    predicted = client.post("/v1/models/sentiment:predict", json={"instances": ["good", {"text": "bad"}]}).json()
    explanations = client.post(
        "/v1/models/sentiment:explain", json={"instances": ["good film"], "method": "leave-one-out"}
    ).json()
    state = client.get("/v1/models/sentiment").json()

    assert [each["predicted"]["label"] for each in predicted["predictions"]] == ["yes", "no"]
    assert explanations["explanations"][0]["method"]["name"] == "leave-one-out"
    assert (state["name"], state["ready"]) == ("sentiment", True)


def test_the_models_say_what_they_can(client: TestClient) -> None:
    """A model without gradients offers only the methods that need none."""
    (model,) = client.get("/v1/models").json()["models"]

    assert "leave-one-out" in model["methods"]
    assert "integrated-gradients" not in model["methods"]
    assert model["status"] == "ready"


def test_the_methods_say_what_they_take(client: TestClient) -> None:
    """Each has the JSON Schema of its options."""
    listed = {each["name"]: each for each in client.get("/v1/explainers").json()["explainers"]}

    assert listed["leave-one-out"]["options"]["type"] == "object"
    assert listed["leave-one-out"]["cost"]


def test_a_model_that_loads_is_a_503_that_says_when_to_come_back(tmp_path: Path) -> None:
    """Explanations wait for the model; everything else answers."""
    app, engines = served(tmp_path)
    with TestClient(app, base_url="http://localhost") as client:
        engines[-1].engine.announce("late", embedded=True)
        answer = client.post("/v1/explanations", json={**ASKED, "model": "late"})

    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "loading" in answer.json()["detail"]


def test_readiness_follows_the_models(tmp_path: Path) -> None:
    """Alive at once, ready with the first model."""

    def fails(name: str) -> Any:
        raise OSError("no such weights")

    app, _ = served(tmp_path, load=fails)
    with TestClient(app, base_url="http://localhost") as client:
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        (model,) = client.get("/v1/models").json()["models"]

    assert model["status"] == "failed"
    assert "no such weights" in model["reason"]


def test_json_never_holds_nan(tmp_path: Path) -> None:
    """A number that does not exist is null."""

    class Broken(type(linear("x"))):  # type: ignore[misc]
        def _logits(self, inputs: Any, keep: Any) -> Any:
            logits = super()._logits(inputs, keep)
            logits[~keep.any(axis=1)] = float("nan")
            return logits

    app, _ = served(tmp_path, load=lambda name: Broken(WEIGHTS))
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/v1/explanations", json=ASKED)

    json.loads(answer.content, parse_constant=lambda name: pytest.fail(f"{name} in the JSON"))


def many_classes(name: str) -> LinearModel:
    """Twelve classes; "good" puts them in the order of their indices."""
    model = LinearModel({"good": tuple(float(-index) for index in range(12))})
    model.labels = tuple(f"class {index}" for index in range(12))
    model.digest = "twelve"
    return model


@pytest.mark.parametrize("route", ["explanations", "panels"])
def test_a_class_beyond_the_ten_most_probable_is_covered_when_asked_for(tmp_path: Path, route: str) -> None:
    """One of the ten is in the result that everybody gets; a repeated question touches no engine either way."""
    app, engines = served(tmp_path, load=many_classes)
    method = {"method": "leave-one-out"} if route == "explanations" else {"methods": ["leave-one-out"]}
    with TestClient(app, base_url="http://localhost") as client:

        def target(wanted: int | str | None) -> tuple[str, int]:
            body = {"model": "sentiment", "input": {"text": "good"}, "target": wanted, **method}
            found = client.post(f"/v1/{route}", json=body).json()
            return found["key"], found["target"]["index"]

        plain, predicted = target(None)
        within, beyond = target("class 3"), target(11)
        asked = list(engines[-1].asked)
        again = target("class 3"), target(11)

    assert predicted == 0
    assert within == (plain, 3)
    assert beyond[0] != plain
    assert beyond[1] == 11
    assert again == (within, beyond)
    assert engines[-1].asked == asked


def test_an_explanation_over_its_cap_is_stopped_with_a_cure(tmp_path: Path) -> None:
    """The caller's to change, so it is no 5xx."""
    app, _ = served(tmp_path, seconds=-1)
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/v1/explanations", json=ASKED)

    assert answer.status_code == 422
    assert answer.json()["code"] == "too_long"


def test_equal_questions_in_flight_share_one_run(tmp_path: Path) -> None:
    """Both callers get the same bytes from one run of the engine."""
    release = threading.Event()

    class Waiting(LinearModel):
        def outputs(self, *args: Any, **named: Any) -> Any:
            release.wait(60)
            return super().outputs(*args, **named)

    app, engines = served(tmp_path, load=lambda name: Waiting(WEIGHTS))
    release.set()  # a model is tried when it is loaded
    with TestClient(app, base_url="http://localhost") as client, ThreadPoolExecutor(2) as pool:
        release.clear()
        answers = [pool.submit(client.post, "/v1/explanations", json=ASKED) for _ in range(2)]
        services = app.state.services
        while not any(flight.waiting == 2 for flight in services.flights._running.values()):
            time.sleep(0.01)
        release.set()
        first, second = (answer.result(60) for answer in answers)

    assert first.content == second.content
    assert engines[-1].asked == ["explain"]


def test_a_caller_who_hangs_up_stops_the_work(tmp_path: Path) -> None:
    """Over a real socket: the engine's job ends between two batches."""
    began = threading.Event()

    class Endless(LinearModel):
        def outputs(self, *args: Any, **named: Any) -> Any:
            began.set()
            time.sleep(0.01)
            return super().outputs(*args, **named)

    app, engines = served(tmp_path, load=lambda name: Endless(WEIGHTS))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    words = " ".join(f"w{number}" for number in range(60))
    body = json.dumps({**ASKED, "method": "shap", "budget": 65536, "input": {"text": words}}).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = f"POST /v1/explanations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"  # fmt: skip # noqa: E501
        connection.sendall(head.encode() + body)
        assert began.wait(10)
    work = engines[-1].work
    end = time.monotonic() + 10
    while work.busy_since is not None and time.monotonic() < end:
        time.sleep(0.01)
    server.should_exit = True
    thread.join(10)

    assert work.busy_since is None
    assert not app.state.services.flights._running


def test_history_over_rest(client: TestClient) -> None:
    """What was asked, a note, pages by cursor, and deletion with the result."""
    keys = [explained(client, input={"text": f"a good film {number}"})["key"] for number in range(3)]
    assert client.put(f"/v1/history/{keys[0]}/note", json={"note": "mine"}).status_code == 204
    first = client.get("/v1/history", params={"limit": 2}).json()
    rest = client.get("/v1/history", params={"limit": 2, "cursor": first["next"]}).json()

    assert [entry["key"] for entry in (*first["entries"], *rest["entries"])] == keys[::-1]
    assert rest["next"] is None
    assert [e["key"] for e in client.get("/v1/history", params={"search": "mine"}).json()["entries"]] == [keys[0]]
    assert client.get("/v1/history", params={"cursor": "nonsense"}).status_code == 422
    assert client.delete(f"/v1/history/{keys[0]}").status_code == 204
    assert client.get(f"/v1/explanations/{keys[0]}").status_code == 404
