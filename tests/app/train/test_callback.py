"""A Trainer of somebody else that explains chosen texts after every epoch and ends with a contract."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import Dataset
from transformers import DataCollatorWithPadding, Trainer, TrainingArguments

from app.errors import BadRequest
from app.train.callback import ReasonsCallback
from tests.tiny import network_for, tokenizer_for

TEXTS = ("a gorgeous film", "the film is bad")
CONTRACT = """
name = "Reviews"
[[behaviour]]
name = "Case says nothing"
must = "stay"
pairs = [["a gorgeous film", "A gorgeous film"]]
[[behaviour]]
name = "Nothing flips"
must = "flip"
pairs = [["a gorgeous film", "A gorgeous film"]]
"""


class Rows(Dataset[dict[str, Any]]):
    def __init__(self, tokenizer: Any) -> None:
        self.ids = [tokenizer(text)["input_ids"] for text in TEXTS * 2]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"input_ids": self.ids[index], "labels": index % 2}


def trained(folder: Path, callback: ReasonsCallback, **options: Any) -> None:
    tokenizer = tokenizer_for("bert")
    arguments = TrainingArguments(
        output_dir=str(folder), num_train_epochs=2, learning_rate=0.01, use_cpu=True, report_to=[], save_strategy="no",
        disable_tqdm=True,
    )  # fmt: skip
    given = {"processing_class": tokenizer, "data_collator": DataCollatorWithPadding(tokenizer)} | options
    network = copy.deepcopy(network_for("bert", tokenizer)).requires_grad_(True)
    Trainer(model=network, args=arguments, train_dataset=Rows(tokenizer), callbacks=[callback], **given).train()


def test_panels_of_every_epoch_and_the_contract_at_the_end(tmp_path: Path) -> None:
    """A panel a text and epoch, of the weights as they were then; what the contract says of the last."""
    (tmp_path / "contract.toml").write_text(CONTRACT, encoding="utf-8")
    callback = ReasonsCallback(TEXTS, tmp_path / "out", contract=tmp_path / "contract.toml", methods=["shap"])

    trained(tmp_path / "trainer", callback)
    lines = [json.loads(line) for line in (tmp_path / "out" / "panels.jsonl").read_text("utf-8").splitlines()]

    assert [(line["epoch"], line["panel"]["input"]["text"]) for line in lines] == [
        (epoch, text) for epoch in (1, 2) for text in TEXTS
    ]
    first, second = (lines[at]["panel"]["prediction"]["probabilities"] for at in (0, 2))
    assert first != second
    assert callback.checked is not None
    assert [each.outcome for each in callback.checked.checks] == ["passed", "failed"]
    assert "epoch 2" in (tmp_path / "out" / "reasons.html").read_text("utf-8")
    assert 'failures="1"' in (tmp_path / "out" / "checks.xml").read_text("utf-8")


def test_what_cannot_be_explained_is_said_before_the_training(tmp_path: Path) -> None:
    """No text; a contract that is none; a Trainer without a tokenizer."""
    with pytest.raises(BadRequest, match="no text"):
        ReasonsCallback((), tmp_path)
    with pytest.raises(BadRequest, match=r"missing\.toml"):
        ReasonsCallback(TEXTS, tmp_path, contract=tmp_path / "missing.toml")
    tokenizer = tokenizer_for("bert")
    with pytest.raises(BadRequest, match="the Trainer has no tokenizer"):
        trained(tmp_path, ReasonsCallback(TEXTS, tmp_path), processing_class=None,
                data_collator=DataCollatorWithPadding(tokenizer))  # fmt: skip
