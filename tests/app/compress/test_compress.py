"""Smaller models: what is pruned is gone, what is saved loads again under the checks of any folder."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import explainers
from app.compress import pruning
from app.compress.plan import Plan, embedded_plans, find_plan, read_plan
from app.compress.service import compress
from app.compress.texts import Batches, read_texts
from app.errors import BadRequest
from explainers.models.folders.packed import MASK, SCALE, pack, unpack
from tests.tiny import tiny

SIZES = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3}
TEXTS = [
    f"the {a} film is {b} and {c}"
    for a in ("good", "bad", "great", "clumsy")
    for b in ("witty", "dull")
    for c in ("a", "i")
]


def model(**changed: Any) -> Any:
    return tiny("bert", **{**SIZES, **changed})


def compressed(out: Path, *steps: dict[str, Any], parent: Any = None) -> Any:
    plan = Plan(name="small", step=steps, measured_on=8)
    compress(parent or model(), plan, TEXTS, out, tell=lambda done, note: None)
    return explainers.load_model(out)


@cache
def network(seed: int = 0) -> tuple[Any, Any]:
    return explainers.copy_network(model(seed=seed))


def batches(tokenizer: Any) -> Batches:
    return Batches(tokenizer, TEXTS, maximum_length=64, tokens=256, seed=0)


def test_eight_bits_are_a_quarter_and_decide_alike(tmp_path: Path) -> None:
    found = compressed(tmp_path / "small", {"do": "bits"})
    compressed(tmp_path / "whole", {"do": "weights", "share": 0.01})
    before, after = model().scores(TEXTS), found.scores(TEXTS)

    weights = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("small", "whole")]
    assert weights[0] < 0.3 * weights[1]
    assert np.abs(after - before).max() < 0.2
    assert found.offers == model().offers
    assert found.digest != model().digest
    assert found.card["parent"] == {"id": "tiny-bert", "title": "tiny-bert", "digest": model().digest}
    assert [step["do"] for step in found.card["steps"]] == ["bits"]
    answer = explainers.explain("the good film", found, method="integrated-gradients")
    assert answer.scores is not None


def test_packing_gives_back_what_was_stored() -> None:
    torch.manual_seed(0)
    weight = torch.randn(128, 64) * (torch.rand(128, 64) > 0.5)
    weight[3] = 0
    for bits, error in ((32, 0.0), (16, 2e-3), (8, 0.5 / 127)):
        stored = pack({"w": weight, "b": torch.arange(3)}, bits=bits)
        again = unpack(stored)["w"]
        assert "w" + MASK in stored
        assert ("w" + SCALE in stored) == (bits == 8)
        assert bool((again[weight == 0] == 0).all())
        assert float((again - weight).abs().max()) <= error * float(weight.abs().max()) * 1.001
    assert sum(tensor.nbytes for tensor in stored.values()) < 0.18 * weight.nbytes


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda held: held.update({"classifier.weight.whence_scale": torch.ones(3)}), "scale of classifier.weight"),
        (
            lambda held: held.update({"nothing.whence_mask": torch.zeros(2, 2, dtype=torch.uint8)}),
            "belongs to no weight",
        ),
        (lambda held: held.pop(next(n for n in held if n.endswith(SCALE))), "weights of type 'I8'"),
        (lambda held: next(t for n, t in held.items() if n.endswith(MASK)).fill_(0), "its mask says other"),
        (lambda held: next(t for n, t in held.items() if n.endswith(SCALE)).fill_(torch.nan), "NaN or infinity"),
    ],
)
def test_damaged_packed_weights_are_refused(tmp_path: Path, break_it: Any, reason: str) -> None:
    compressed(tmp_path / "small", {"do": "weights", "share": 0.5}, {"do": "bits"})
    path = tmp_path / "small" / "model.safetensors"
    held = load_file(path)
    break_it(held)
    save_file(held, path, metadata={"format": "pt"})

    with pytest.raises(explainers.BadModel, match=reason):
        explainers.load_model(tmp_path / "small")


def test_the_head_that_does_nothing_is_switched_off_first() -> None:
    """A head whose output is multiplied by almost nothing cannot matter, and is what a small share takes."""
    found, tokenizer = network()
    out = found.base_model.encoder.layer[1].attention.output.dense.weight
    width = out.shape[1] // found.config.num_attention_heads
    with torch.no_grad():
        out[:, 2 * width : 3 * width] *= 1e-6

    masks = pruning.prune_heads(found, batches(tokenizer), share=1 / 12)

    off = masks["bert.encoder.layer.1.attention.output.dense.weight"]
    assert not off[:, 2 * width : 3 * width].any()
    assert sum(int((~mask).sum()) for name, mask in masks.items() if name.endswith("output.dense.weight")) == 64 * width
    assert float(found.base_model.encoder.layer[1].attention.self.value.weight[2 * width : 3 * width].abs().max()) == 0


def test_neurons_without_effect_can_go_without_a_change() -> None:
    found, tokenizer = network(1)
    for layer in found.base_model.encoder.layer:
        with torch.no_grad():
            layer.output.dense.weight[:, ::2] = 0
    held = next(iter(batches(tokenizer)))
    before = found(**held).logits

    pruning.prune_neurons(found, batches(tokenizer), share=0.5)

    assert found.config.intermediate_size == 64
    assert torch.allclose(found(**held).logits, before, atol=1e-5)


def test_the_layer_that_does_nothing_is_removed() -> None:
    found, tokenizer = network(2)
    idle = found.base_model.encoder.layer[1]
    with torch.no_grad():
        for part in (idle.attention.output, idle.output):
            part.dense.weight.zero_()
            part.dense.bias.zero_()

    assert pruning.remove_layers(found, batches(tokenizer), 2, lambda done: None) == (0, 2)


def test_distillation_brings_the_decisions_back_and_keeps_zeros(tmp_path: Path) -> None:
    steps: list[dict[str, Any]] = [{"do": "layers", "keep": 1}, {"do": "weights", "share": 0.3}]
    taught = [*steps, {"do": "distil", "epochs": 30, "learning_rate": 1e-3}]
    wanted = model().scores(TEXTS)
    losses = []
    for name, asked in (("raw", steps), ("taught", taught)):
        found = compressed(tmp_path / name, *asked)
        losses.append(float(np.abs(found.scores(TEXTS) - wanted).mean()))
    weights = unpack(load_file(tmp_path / "taught" / "model.safetensors"))

    assert losses[1] < 0.5 * losses[0]
    assert len([n for n in weights if n.endswith("attention.self.query.weight")]) == 1
    assert float((weights["bert.encoder.layer.0.intermediate.dense.weight"] == 0).float().mean()) >= 0.29


def test_a_plan_that_cannot_be_done_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="3 layers; 3 cannot be kept"):
        compressed(tmp_path / "a", {"do": "layers", "keep": 3})
    with pytest.raises(BadRequest, match="neurons comes after a step that sets weights to zero"):
        compressed(tmp_path / "b", {"do": "heads", "share": 0.2}, {"do": "neurons", "share": 0.2})
    with pytest.raises(BadRequest, match="type distilbert"):
        compressed(tmp_path / "c", {"do": "heads", "share": 0.2}, parent=tiny("distilbert"))
    with pytest.raises(BadRequest, match="measures on texts"):
        compress(model(), Plan(name="x", step=[{"do": "layers", "keep": 1}]), [], tmp_path, tell=lambda d, n: None)
    (tmp_path / "few.csv").write_text("text\none\ntwo\n", encoding="utf-8")
    with pytest.raises(BadRequest, match="2 different texts; 8 are needed"):
        read_texts(Plan(name="x", step=[{"do": "layers", "keep": 1}]), tmp_path / "few.csv")


def test_plans_are_read_with_every_mistake_named(tmp_path: Path) -> None:
    assert [read_plan(find_plan(name)).name for name in embedded_plans()] == list(embedded_plans())
    path = tmp_path / "plan.toml"
    for content, reason in (
        ('name = "x"\n[[step]]\ndo = "shrink"\n', "heads"),
        ('name = "x"\n[[step]]\ndo = "heads"\nshare = 1.5\n', "step.0.heads.share"),
        ('name = "x"\n[[step]]\ndo = "bits"\n[[step]]\ndo = "distil"\n', "bits is not the last step"),
        ("name = ", "is not TOML"),
    ):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(BadRequest, match=reason):
            read_plan(path)
    with pytest.raises(BadRequest, match="8-bit"):
        read_plan(tmp_path / "none.toml")


def test_what_is_written_names_no_place_of_this_machine(tmp_path: Path) -> None:
    compressed(tmp_path / "small", {"do": "bits", "bits": 16})
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "small").glob("*.json"))

    assert str(tmp_path) not in written
    assert "site-packages" not in written
    assert json.loads((tmp_path / "small" / "config.json").read_text("utf-8"))["architectures"] == [
        "BertForSequenceClassification"
    ]
