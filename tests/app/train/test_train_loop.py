"""Batches of the trainer, and a real run of a few steps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import explainers
from app.train.plan import Fit, Judgement, Plan, Source

BUDGET = 64


def has_base_weights() -> bool:
    try:
        explainers.base_folder()
    except explainers.BadModel:
        return False
    return True


needs_base_weights = pytest.mark.skipif(not has_base_weights(), reason="the base weights are not installed")


@given(st.lists(st.integers(1, 100), min_size=1, max_size=60), st.integers(0, 5))
def test_batches_hold_every_text_once_and_stay_within_the_budget(lengths: list[int], seed: int) -> None:
    """Padded to its longest text a batch has at most the budget's tokens, unless one text alone has more."""
    from app.train.loop import TokenBudget

    batches = list(TokenBudget(lengths, budget=BUDGET, seed=seed))

    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    assert all(len(b) == 1 or len(b) * max(lengths[row] for row in b) <= BUDGET for b in batches)


def test_batches_are_drawn_anew_each_epoch_and_alike_for_a_seed() -> None:
    """Two runs with one seed see the same order, two epochs of a run do not."""
    from app.train.loop import TokenBudget

    lengths = list(range(1, 40))
    one, other = (TokenBudget(lengths, budget=BUDGET, seed=3) for _ in range(2))
    first, second = list(one), list(one)

    assert first == list(other)
    assert first != second


def test_the_last_epoch_has_as_many_batches_as_the_first() -> None:
    """The learning rate's schedule counts the batches once: the sorted lengths, and so the cuts, never change."""
    from app.train.loop import TokenBudget

    sampler = TokenBudget([5, 5, 7, 9, 9, 9, 30, 64, 90], budget=BUDGET, seed=0)

    assert {len(list(sampler)) for _ in range(5)} == {len(sampler)}


def tiny_plan() -> Plan:
    return Plan(
        name="tiny",
        title="Tiny",
        description="Is it good?",
        intended_use="a test",
        limits=("knows eight texts",),
        labels=("negative", "positive"),
        fit=Fit(epochs=2, tokens_per_batch=64, maximum_length=16, rank=2, alpha=4, learning_rate=5e-3),
        train=(Source(reader="table", path="train.csv"),),
        judge=(Judgement(name="dev", reader="table", path="dev.csv"),),
    )


def write_data(root: Path) -> None:
    good = ("a joy", "wonderful", "so good", "I loved it", "great fun", "superb")
    bad = ("a bore", "terrible", "so bad", "I hated it", "no fun", "awful")
    lines = [f"{text},positive" for text in good] + [f"{text},negative" for text in bad]
    (root / "train.csv").write_text("text,label\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (root / "dev.csv").write_text("text,label\nlovely,positive\nhorrible,negative\n", encoding="utf-8")


@needs_base_weights
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_run_of_a_few_steps_writes_an_adapter_and_its_card(tmp_path: Path) -> None:
    """The folder holds half-precision weights, a card with hashes and figures, and nothing of this machine."""
    from safetensors.numpy import load_file

    from app.train.service import train

    write_data(tmp_path)
    seen: list[float] = []
    out = tmp_path / "out"
    card = train(tiny_plan(), data=tmp_path, out=out, progress=lambda done, note="": seen.append(done))
    weights = load_file(out / "adapter_model.safetensors")

    assert sorted(path.name for path in out.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "card.json",
    ]
    assert {array.dtype for array in weights.values()} == {np.dtype(np.float16)}
    assert card == json.loads((out / "card.json").read_text(encoding="utf-8"))
    assert (card["training_texts"], card["figures"][0]["texts"]) == (12, 2)
    assert str(tmp_path) not in "".join(p.read_text("utf-8") for p in out.glob("*.json"))
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert seen == sorted(seen)


@needs_base_weights
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("method", ["full", "frozen"])
def test_a_model_fitted_as_a_whole_or_by_its_head_is_served_as_any_folder(tmp_path: Path, method: str) -> None:
    """The head alone has moved where the encoder is frozen; the card names the way and how many weights it trained."""
    from safetensors.torch import load_file

    from app.train.service import train

    write_data(tmp_path)
    out = tmp_path / "out"
    card = train(tiny_plan().model_copy(update={"method": method}), data=tmp_path, out=out)
    model = explainers.load_model(out)
    base = load_file(explainers.base_folder() / "model.safetensors")
    query = "encoder.layer.0.attention.self.query.weight"
    moved = load_file(out / "model.safetensors")[f"bert.{query}"].float() - base[query].float().half().float()

    assert (bool(moved.abs().max() > 1e-4), card["method"]) == (method == "full", method)
    assert (card["trained_parameters"] == card["parameters"]) == (method == "full")
    assert card["trained_parameters"] > 100_000
    assert model.labels == ("negative", "positive")
    assert model.card is not None
    assert model.card["figures"][0]["value"] == card["figures"][0]["value"]
    assert json.loads((out / "card.json").read_text("utf-8")) == card
    assert model.scores(["a joy"]).shape == (1, 2)


def test_the_learning_rate_follows_the_way_unless_it_is_given() -> None:
    plan = tiny_plan()
    rates = [plan.model_copy(update={"method": m, "fit": Fit()}).learning_rate for m in ("full", "lora", "frozen")]

    assert rates == [5e-5, 1e-3, 1e-3]
    assert plan.model_copy(update={"method": "full"}).learning_rate == 5e-3
