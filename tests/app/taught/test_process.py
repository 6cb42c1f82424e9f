"""From a training on a tiny base to who taught a prediction, without the runner: weights of every epoch, a check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from app.taught import process
from app.train.data import Example
from app.train.evaluate import predict
from app.train.loop import Epochs, fit
from app.train.plan import Fit, Judgement, Plan, Pretraining, Source, keeps_weights, weights_name
from app.train.process import Task
from tests.tiny import WORDS, network_for, tokenizer_for

KNOWN = [word for word in WORDS.split() if len(word) > 2 and word.isalpha()]
TEXTS = [(f"the film is {word} and {other}", "up" if word in ("good", "great", "witty", "funny") else "down")
         for word in ("good", "great", "witty", "funny", "bad", "clumsy", "dull", "never")
         for other in KNOWN[:8]]  # fmt: skip


def plan_of(method: Any) -> Plan:
    source: Any = {"reader": "table"}
    return Plan(
        name="tiny", title="t", description="d", intended_use="i", limits=(), labels=("down", "up"), method=method,
        fit=Fit(epochs=3, learning_rate=5e-3, tokens_per_batch=256, rank=4, alpha=8, maximum_length=64),
        train=(Source(path="train.jsonl", **source),),
        judge=tuple(Judgement(name=name, path=f"{name}.jsonl", **source) for name in ("dev", "test")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a base is: a tiny encoder and its tokenizer."""
    folder = tmp_path_factory.mktemp("base")
    tokenizer = tokenizer_for("bert")
    network_for("bert", tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_gradients_are_those_on_the_base_of_the_training(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not on the default one; and weights on a base that is gone after the training are not kept at all."""
    bases: list[Path] = []
    monkeypatch.setattr(process, "told", lambda *given, base, on_cpu: bases.append(base))
    (tmp_path / "asked.json").write_text("{}", encoding="utf-8")
    plan = plan_of("lora").model_copy(update={"base": str(base)})
    process.run(Task(plan.model_dump(mode="json"), str(tmp_path), threads=1, on_cpu=True))

    assert bases == [base]
    assert [keeps_weights(method, None) for method in ("lora", "frozen", "full")] == [True, True, False]
    assert not keeps_weights("lora", Pretraining())


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers by an old name
@pytest.mark.parametrize("method", ["lora", "frozen"])
def test_who_taught_a_prediction(method: Any, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are kept after every epoch with their rate; texts of the same word raise; asked again it is the same."""
    told: list[dict[str, Any]] = []
    monkeypatch.setattr(process, "tell", lambda **said: told.append(said))
    plan = plan_of(method)
    dev, test = [("the movie was good", "up")], [("the movie it pay", "down")]
    for part, rows in (("train", TEXTS), ("dev", dev), ("test", test)):
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        (tmp_path / f"{part}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    examples = [Example(text, plan.labels.index(label)) for text, label in TEXTS]
    facts: list[Any] = []
    (tmp_path / "checkpoints").mkdir()
    epochs = Epochs(tmp_path / "checkpoints", examples[:4], facts.append, tmp_path)
    network, tokenizer = fit(plan, examples, base=base, scratch=tmp_path, on_cpu=True, epochs=epochs)
    trained = sum(weight.requires_grad for weight in network.parameters())

    assert [(tmp_path / weights_name(epoch)).is_file() for epoch in (1, 2, 3)] == [True] * 3
    assert 0 < facts[2]["rate"] < facts[1]["rate"] < 5e-3
    assert trained < sum(1 for _ in network.parameters())
    asked = {"text": "the movie is witty", "target": "up", "leave_out": 4, "seed": 0, "epochs": facts, "shown": 5}
    torch.manual_seed(0)
    found = process.told(plan, tmp_path, asked, base=base, on_cpu=True)
    assert (found["target"], found["texts"], found["epochs"]) == ("up", len(TEXTS), 3)
    logits = predict(network, tokenizer, [asked["text"]], maximum_length=64)[0]
    assert found["probability"] == pytest.approx(1 / (1 + np.exp(logits[0] - logits[1])), abs=5e-3)
    assert all(each["label"] == "up" for each in found["raised"])
    assert all(each["influence"] > 0 for each in found["raised"])
    assert method == "frozen" or any("witty" in each["text"] for each in found["raised"])
    assert found["left_out"]["texts"] == 4
    assert found["left_out"]["before"] == pytest.approx(found["probability"])
    sketches = np.load(tmp_path / "sketch-3.npy")
    assert (sketches.dtype, len(sketches)) == (np.float16, len(TEXTS))
    again = process.told(plan, tmp_path, {**asked, "leave_out": 0, "target": ""}, base=base, on_cpu=True)
    assert "left_out" not in again
    if again["target"] == "up":
        assert again["raised"] == found["raised"]
    assert told[0]["progress"][0] >= 0
