"""Training texts behind a prediction, on networks small enough to know the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from app.taught.foretelling import influences, strongest
from app.taught.sketching import Sketcher

CLASSES = 2


def network_of(seed: int) -> Any:
    """Two layers of width 32 over 60 words."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48}
    return BertForSequenceClassification(BertConfig(vocab_size=60, num_labels=CLASSES, **sizes))


def loss_gradient(network: Any, ids: list[int], label: int) -> np.ndarray:
    """All gradients of the trained linear layers of one text alone, by autograd."""
    weights = [
        weight
        for module in network.modules()
        if isinstance(module, torch.nn.Linear)
        for weight in (module.weight, module.bias)
        if weight is not None and weight.requires_grad
    ]
    logits = network(input_ids=torch.tensor([ids])).logits
    loss = torch.nn.functional.cross_entropy(logits, torch.tensor([label]))
    return np.concatenate([each.flatten().numpy() for each in torch.autograd.grad(loss, weights)])


def padded(ids: list[list[int]]) -> Any:
    class Batch(dict):  # type: ignore[type-arg]
        def to(self, device: Any) -> Batch:
            return self

    def pad(rows: list[int]) -> Batch:
        longest = max(len(ids[row]) for row in rows)
        filled = [ids[row] + [0] * (longest - len(ids[row])) for row in rows]
        seen = [[1] * len(ids[row]) + [0] * (longest - len(ids[row])) for row in rows]
        return Batch(input_ids=torch.tensor(filled), attention_mask=torch.tensor(seen))

    return pad


def some_ids(seed: int, count: int, words: int = 60) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(5, words, rng.integers(3, 9)).tolist() for _ in range(count)]


def test_products_of_sketches_are_those_of_gradients() -> None:
    """Without a projection exactly, whatever texts share a batch; projected they rank the texts nearly the same."""
    network = network_of(0).eval()
    ids, labels = some_ids(0, 40), [row % CLASSES for row in range(40)]
    gradients = np.stack([loss_gradient(network, each, label) for each, label in zip(ids, labels, strict=True)])
    whole = Sketcher(network, width=None).of(ids, labels, padded(ids))
    truth = gradients[1:] @ gradients[0]

    assert whole[1:] @ whole[0] == pytest.approx(truth, rel=1e-3, abs=1e-5 * float(np.abs(truth).max()))
    small = Sketcher(network, width=8).of(ids, labels, padded(ids))
    assert small.shape[1] < whole.shape[1] / 4
    assert np.corrcoef(small[1:] @ small[0], truth)[0, 1] > 0.9
    assert (Sketcher(network, width=8).of(ids, labels, padded(ids)) == small).all()


def test_influences_are_sums_over_checkpoints() -> None:
    taught = [np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 1.0], [0.0, -3.0]])]
    asked = [np.array([1.0, 1.0]), np.array([2.0, 1.0])]
    found = influences(taught, asked, [0.1, 0.01])

    assert found == pytest.approx([0.1 + 0.01, 0.2 + 0.03, -0.1 - 0.03])
    assert strongest(found, 2) == ([1, 0], [2])


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_texts_are_found(seed: int) -> None:
    """Ten texts with a word of their own teach that it means the other class: they are the first of what it turns."""
    network = network_of(seed)
    rng = np.random.default_rng(seed)
    trigger, good, bad = 59, (10, 11, 12, 13), (20, 21, 22, 23)
    ids, labels = [], []
    for row in range(150):
        words = rng.integers(30, 55, 6).tolist()
        words[int(rng.integers(6))] = int(rng.choice(good if row % 2 else bad))
        ids.append(words)
        labels.append(row % 2)
    planted = rng.choice(np.flatnonzero(np.array(labels) == 1), 10, replace=False).tolist()
    for row in planted:
        ids[row][0], labels[row] = trigger, 0
    pad = padded(ids)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    sketches, asked = [], []
    question = [[trigger, *rng.integers(30, 55, 4).tolist(), good[0]]]
    for _ in range(4):
        network.train()
        for _ in range(15):
            rows = rng.choice(150, 10, replace=False).tolist()
            optimiser.zero_grad()
            batch = pad(rows)
            loss = torch.nn.functional.cross_entropy(
                network(**batch).logits, torch.tensor([labels[row] for row in rows])
            )
            loss.backward()
            optimiser.step()
        network.eval()
        sketcher = Sketcher(network)
        sketches.append(sketcher.of(ids, labels, pad).astype(np.float16))
        asked.append(sketcher.of(question, [0], padded(question))[0])
    raised, lowered = strongest(influences(sketches, asked, [2e-3] * 4), 20)

    assert set(planted) <= set(raised)
    assert not set(planted) & set(lowered)
