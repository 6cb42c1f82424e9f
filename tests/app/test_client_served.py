"""The client against the real application over a real socket."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import uvicorn

from app.cli.server.serve import address, listen
from app.client import Client, ClientError
from tests.served import served

TEXT = "good but bad"


@pytest.fixture(scope="module")
def whence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    app, _ = served(tmp_path_factory.mktemp("data"))
    listening = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with Client(address(listening)) as client:
        yield client
    server.should_exit = True
    thread.join(timeout=30)


def test_predictions_are_typed(whence: Client) -> None:
    """Log-odds 2 for 'good', −3 for 'bad': the logits of the linear model."""
    found = whence.predict(["good", "bad"], top_k=1)

    assert [one.predicted.label for one in found.predictions] == ["yes", "no"]
    assert [len(one.classes) for one in found.predictions] == [1, 1]


def test_an_explanation_can_be_asked_for_and_found_again(whence: Client) -> None:
    """The key leads to the same numbers."""
    found = whence.explain(TEXT, method="leave-one-out", target="no")
    again = whence.find_explanation(found.key)

    assert found.target.label == "no"
    assert found.scores is not None
    assert again.scores is not None
    assert np.array_equal(found.scores, again.scores)
    assert [TEXT[f.start : f.end] for f in found.features] == ["good", "but", "bad"]


def test_a_panel_has_every_method_that_can_run(whence: Client) -> None:
    """Those that cannot are listed with the reason."""
    found = whence.panel(TEXT)

    assert {"shap", "lime", "leave-one-out"} <= {one.method.name for one in found.explanations}
    assert all(one.reason.text for one in found.absent)
    assert whence.find_panel(found.key).key == found.key


def test_models_and_methods_are_listed(whence: Client) -> None:
    """With what a form needs: classes and option schemas."""
    models, methods = whence.models(), whence.methods()

    assert [(model.id, model.status, model.labels) for model in models] == [("sentiment", "ready", ("no", "yes"))]
    assert {"shap", "attention"} <= {method["name"] for method in methods}


@pytest.mark.parametrize(
    ("method", "model", "text", "code"),
    [
        ("tea-leaves", "sentiment", TEXT, "unknown_explainer"),
        ("shap", "nope", TEXT, "unknown_model"),
        ("shap", "sentiment", "  ", "invalid"),
        ("attention", "sentiment", TEXT, "incompatible"),
    ],
)
def test_a_mistake_has_a_code_and_a_cure(whence: Client, method: str, model: str, text: str, code: str) -> None:
    """The code is for the program, detail and cure are for the person."""
    with pytest.raises(ClientError) as caught:
        whence.explain(text, model, method=method)

    assert (caught.value.status, caught.value.code) == (422, code)
    assert caught.value.detail
    assert caught.value.cure


def test_a_key_that_is_not_there_is_not_found(whence: Client) -> None:
    """404, as for another project's results."""
    with pytest.raises(ClientError) as caught:
        whence.find_panel("0" * 64)

    assert (caught.value.status, caught.value.code) == (404, "not_found")
