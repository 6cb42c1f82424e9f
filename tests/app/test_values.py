"""A regression with several outputs over pages, REST, batches, data sets and the command line: values, no class."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app import cli
from app.batches.parquet import write_parquet
from app.batches.rows import packed
from app.explain.ask import answers
from explainers import explain, predict
from explainers.contract import Prediction
from explainers.models.transformer import TransformerModel
from explainers.outputs.value import prediction_of
from tests.served import served
from tests.tiny import network_for, tokenizer_for

HEADERS = {"Accept": "text/html", "Origin": "http://localhost", "Prefer": "wait=60"}
TEXT = "the witty film is good"
NAMES = ("valence", "arousal", "dominance")


def emotions(name: str = "emotions") -> Any:
    tokenizer = tokenizer_for("bert")
    network = network_for("bert", tokenizer, labels=3, problem="regression")
    network.config.id2label = dict(enumerate(NAMES))
    return TransformerModel(network, tokenizer, id=name, digest="emotions")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app, _ = served(tmp_path_factory.mktemp("values"), load=emotions, names=("emotions",))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        yield client


@pytest.fixture(scope="module")
def said() -> Prediction:
    return predict(TEXT, emotions())[0]


def test_the_library_says_values_and_no_class(said: Prediction) -> None:
    """No output is the predicted one, however large; each is explained like a target of its own."""
    found = explain(TEXT, emotions(), method="leave-one-out")

    assert (said.labels, said.probabilities, said.predicted) == (NAMES, None, None)
    assert [target.label for target in found.targets] == list(NAMES)
    assert found.unit == found.value == "output"
    assert found.output.tolist() == pytest.approx(said.logits)
    assert found.row() == 0


def test_of_many_outputs_the_first_ten_are_covered() -> None:
    """They are no rivals, so that none is left out for being small."""
    tokenizer = tokenizer_for("bert")
    model = TransformerModel(
        network_for("bert", tokenizer, labels=14, problem="regression"), tokenizer, id="x", digest="x"
    )

    assert [target.index for target in explain(TEXT, model, method="leave-one-out").targets] == list(range(10))


def test_predictions_over_rest_are_values(client: TestClient, said: Prediction) -> None:
    """`outputs` in the model's order; `predicted` is null and there are no classes."""
    (found,) = client.post("/v1/predictions", json={"model": "emotions", "inputs": [{"text": TEXT}]}).json()[
        "predictions"
    ]

    assert (found["predicted"], found["classes"]) == (None, [])
    assert [each["label"] for each in found["outputs"]] == list(NAMES)
    assert [each["value"] for each in found["outputs"]] == pytest.approx(said.logits)
    assert all(set(each) == {"index", "label", "value"} for each in found["outputs"])


def test_any_output_can_be_explained_over_rest(client: TestClient) -> None:
    """By its name, as a class of a classifier; without one the first is shown."""
    asked = {"model": "emotions", "input": {"text": TEXT}, "method": "leave-one-out"}
    first = client.post("/v1/explanations", json=asked).json()
    third = client.post("/v1/explanations", json={**asked, "target": "dominance"}).json()

    assert first["target"] == {"index": 0, "label": "valence"}
    assert third["target"] == {"index": 2, "label": "dominance"}
    assert first["prediction"]["predicted"] is None


def test_the_page_shows_each_value_and_no_probability(client: TestClient, said: Prediction) -> None:
    """A line an output without a bar; a switch between them; nothing on the page is called predicted."""
    page = client.post("/panels", data={"text": TEXT, "model": "emotions"}).text
    seen = html.unescape(re.sub(r"<[^>]+>", " ", page))

    for label, value in zip(said.labels, said.logits, strict=True):
        assert re.search(rf"{label}\s+{re.escape(f'{value:.3f}'.replace('-', '−'))}", seen), label
    assert "numbers, each in its own unit, without classes" in seen
    assert "bar-fill" not in page
    assert "(predicted)" not in seen
    assert "predicted class" not in seen
    assert len(re.findall(r'name="class" value="\d"', page)) == 3


def test_a_changed_text_shows_each_value_before_and_after(client: TestClient) -> None:
    """The page without scripts."""
    where = client.post("/panels", data={"text": TEXT, "model": "emotions"}, follow_redirects=False).headers["location"]
    page = client.post(f"{where}/try", data={"word": "1", "replacement": "dull"}).text

    for label in NAMES:
        assert re.search(rf"{label}: now −?\d+\.\d+, was −?\d+\.\d+\.", page), label


def test_history_and_export_name_the_values(client: TestClient, said: Prediction) -> None:
    """In a line of the history and in an exported page there is no probability either."""
    asked = {"data": {"text": TEXT, "model": "emotions"}, "headers": {"Prefer": "wait=60"}}
    where = client.post("/panels", **asked, follow_redirects=False).headers["location"]
    exported = client.get(f"{where}/export/html").text

    listed = re.findall(r"<b dir=\"auto\">(valence .*?)</b>\s*(.*?)\s*· ", client.get("/history").text)

    assert listed[0][0].startswith(f"valence {said.logits[0]:.3f}, arousal {said.logits[1]:.3f}, dominance")
    assert not listed[0][1]
    said_there = exported.split('<div class="prediction">')[1].split("<h2>")[0]
    assert f"{said.logits[0]:.3f}".replace("-", "\u2212") in said_there
    assert "<svg" not in said_there  # the bars of probabilities


def test_the_model_page_says_what_its_outputs_are(client: TestClient) -> None:
    """Outputs, not classes; its configuration says `regression`, so that nothing was assumed."""
    page = client.get("/models/emotions").text

    assert "numbers, each in its own unit" in page
    assert "<dt>Outputs</dt>" in page
    assert "<dt>Assumed</dt>" not in page
    assert client.get("/v1/models/emotions").json()["assumed"] == []


def test_what_was_assumed_is_said_of_the_model(tmp_path: Path) -> None:
    """A configuration without problem_type: the page, REST and the command line say how its outputs are read."""
    tokenizer = tokenizer_for("bert")
    network = network_for("bert", tokenizer, labels=3)
    model = TransformerModel(network, tokenizer, id="unsaid", digest="unsaid")
    app, _ = served(tmp_path, load=lambda name: model, names=("unsaid",))
    with TestClient(app, base_url="http://localhost", headers=HEADERS) as client:
        page, record = client.get("/models/unsaid").text, client.get("/v1/models/unsaid").json()

    assert "the 3 outputs are read as classes of which one holds" in page
    assert record["assumed"][0]["code"] == "problem_unsaid"
    assert record["head"] == "single"


def test_a_data_set_of_labels_is_not_compared_with_values(client: TestClient) -> None:
    """Its page compares classes: a regression is refused with the way to its values."""
    made = client.post("/v1/datasets?name=a.csv", content=b"text,label\nthe good film,1\n").json()
    answer = client.post(f"/v1/datasets/{made['id']}/predictions", json={"model": "emotions", "explain": 0})

    assert answer.status_code == 422
    assert "says values and no classes" in answer.json()["detail"]


def test_a_row_of_a_batch_has_values(tmp_path: Path, said: Prediction) -> None:
    """As JSON, CSV and Parquet; label and probability stay empty."""
    import pyarrow.parquet as pq

    row = answers.predicted(0, TEXT, None, found=said)
    write_parquet(tmp_path / "rows.parquet", iter([packed([row])]))
    stored = pq.read_table(tmp_path / "rows.parquet").to_pylist()[0]

    assert (row.label, row.probability, row.logits) == (None, None, ())
    assert stored["values"] == pytest.approx(said.logits)


def test_the_command_line_prints_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], said: Prediction, tmp_path: Path
) -> None:
    """A table for a person, JSON as over REST, and a CSV column an output."""
    monkeypatch.setattr("app.cli.explain.find_model", lambda name: emotions())
    monkeypatch.setenv("WHENCE_DATA", str(tmp_path))

    def run(*arguments: str) -> str:
        with pytest.raises(SystemExit) as ended:
            cli.main(("predict", TEXT, *arguments))
        assert not ended.value.code
        return capsys.readouterr().out

    shown, record, table = run(), json.loads(run("--json")), run("--csv").splitlines()

    assert re.search(rf"valence\s+{re.escape(f'{said.logits[0]:+.4f}')}", shown)
    assert (record["predicted"], record["classes"]) == (None, [])
    assert [each["label"] for each in record["outputs"]] == list(NAMES)
    assert table[0] == "text,valence,arousal,dominance"
    assert [float(cell) for cell in table[1].split(",")[1:]] == pytest.approx(said.logits)


def test_one_output_is_no_class_either() -> None:
    """The larger of two outputs is not what the model says."""
    import numpy as np

    assert prediction_of(np.array([3.0]), ("stars",), "regression").predicted is None
    assert prediction_of(np.array([0.1, 3.0]), ("a", "b"), "regression").main.index == 0
