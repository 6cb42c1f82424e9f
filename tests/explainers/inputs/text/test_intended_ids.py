"""Every masked input that reaches the network is the intended one, in every script and every architecture: counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from explainers import runner
from explainers.contract import Question
from explainers.inputs.text.ids import ids_of
from explainers.models.networks.network import Rows
from explainers.models.transformer import TransformerModel
from explainers.registry import build
from tests.tiny import ARCHITECTURES, tiny, tokenizer_for

SCRIPTS = {
    "English": "a gorgeous, witty film that don't recover",
    "sub-words": "unbelievably hyperbolically antidisestablishmentarian",
    "accents": "naïve café, déjà vu à Zürich",
    "combining marks": "cafe\u0301 e\u0301o\u0308 a\u0300",
    "Chinese": "这部电影很好看，我喜欢。",
    "Japanese": "お茶を飲みます。",
    "Korean": "한국어 영화 좋다",
    "Arabic": "مرحبا بالعالم",
    "Hebrew": "שלום עולם",
    "Hindi": "नमस्ते दुनिया",
    "Thai": "สวัสดีครับ",
    "Greek and Cyrillic": "Ελλάδα Привет",
    "emoji": "good 😀👍🏽 film 👨\u200d👩\u200d👧",
    "white space": "the\u00a0film \n\n is\tgood",
    "typed special tokens": "the [MASK] film <s> is good",
}

FEW = ("sub-words", "Chinese", "emoji")


def scripts(name: str) -> list[str]:
    """Every script for the first architecture of each tokenizer; for others, which read as it does, a few."""
    first = next(other for other in ARCHITECTURES if tokenizer_for(other) is tokenizer_for(name))
    return list(SCRIPTS.values()) if name == first else [SCRIPTS[script] for script in FEW]


@contextmanager
def read_ids(model: TransformerModel) -> Iterator[list[np.ndarray]]:
    """The rows of ids that reach the network, in order: of the module itself and of what stands in for it."""
    rows: list[np.ndarray] = []

    def watched(forward: Any) -> Any:
        def run(given: Rows, **also: Any) -> Any:
            assert given.ids is not None
            rows.extend(given.ids.numpy().copy())
            return forward(given, **also)

        return run

    networks = list({id(each): each for each in (model._network, model._fast)}.values())
    for network in networks:
        network.forward = watched(network.forward)  # type: ignore[method-assign]
    try:
        yield rows
    finally:
        for network in networks:
            del network.forward


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_all_masked_inputs_are_the_intended_ids(name: str) -> None:
    """Of every row: absent players' ids are the baseline's, all others the tokenizer's own; 100 % of them."""
    model, tokenizer = tiny(name), tokenizer_for(name)
    intended = total = 0
    for text in scripts(name):
        inputs = model.encode(Question.about(text=text))
        assert ids_of(inputs).ids.tolist() == tokenizer(text)["input_ids"]
        assert ids_of(inputs).baseline_ids is not None
        draw = np.random.default_rng(len(text))
        keep = draw.random((16, len(inputs.features))) < 0.5
        with read_ids(model) as rows:
            model.outputs(inputs, keep)
        wanted = np.where(inputs.kept_positions(keep), ids_of(inputs).ids, ids_of(inputs).baseline_ids)
        total += len(keep)
        intended += sum(np.array_equal(row, want) for row, want in zip(rows, wanted, strict=True))

    assert total == 16 * len(scripts(name))
    assert intended == total


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_explained_input_is_the_predicted_one(name: str) -> None:
    """What leave-one-out asks of the network first is what the tokenizer gives; the last rows lack one player each."""
    model, tokenizer = tiny(name), tokenizer_for(name)
    same = 0
    for text in scripts(name):
        question = Question.about(text=text, precision="fp32")
        with read_ids(model) as rows:
            found = runner.explain(model, question, build("leave-one-out"))
        same += rows[0].tolist() == tokenizer(text)["input_ids"]
        logits = np.array(found.prediction.logits)
        np.testing.assert_allclose(logits, runner.predict(model, [question])[0].logits, atol=1e-6)

    assert same == len(scripts(name))
