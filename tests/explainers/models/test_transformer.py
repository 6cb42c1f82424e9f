"""A model is left as it was found, and serves one number for one question."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from explainers.contract import Encoded, Need, Question
from explainers.game.batches import PROCESSOR
from explainers.inputs.text.ids import ids_of
from explainers.models.architectures import FP32_ONLY, NOT_OFFERED
from explainers.models.transformer import TransformerModel
from tests.tiny import ARCHITECTURES, tiny

TEXT = "Don't you, co-worker, pay 3.5?"

OPENINGS = ("the film is", "this movie was never", "a co-worker says it's", "it isn't", "I don't think the plot is")
MIDDLES = ("good", "bad, really", "witty and clumsy", "worth 3.5 stars", "gorgeous", "dull (mostly)", "naïve", "不错")
ENDINGS = (".", "!", " but funny", "... then it recovers", " 😀")


def generated() -> list[str]:
    """200 different sentences."""
    return [f"{a} {b}{c}" for a, b, c in itertools.product(OPENINGS, MIDDLES, ENDINGS)]


def state(model: TransformerModel) -> dict[str, Any]:
    """Everything that a caller could find changed."""
    module = model._network.module
    return {
        "weights": {n: p.clone() for n, p in module.named_parameters()},
        "training": [m.training for m in module.modules()],
        "hooks": [(len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks)) for m in module.modules()],
        "gradients": [p.grad is None for p in module.parameters()],
        "asked": [p.requires_grad for p in module.parameters()],
        "attention": module.config._attn_implementation,
        "random": (torch.random.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()),
        "gradient mode": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "warnings": torch.is_warn_always_enabled(),
    }


def same(first: Any, second: Any) -> bool:
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == second)


def some(inputs: Encoded) -> np.ndarray:
    return np.eye(len(inputs.features), dtype=bool)


CALLS: dict[str, Callable[[TransformerModel, Encoded], Any]] = {
    "predict": lambda m, i: m.predict([i]),
    "outputs": lambda m, i: m.outputs(i, some(i)),
    "outputs in bf16": lambda m, i: m.outputs(i, some(i), precision="bf16"),
    "path gradients": lambda m, i: m.path_gradients(i, np.array([0.3]), value="log-odds", targets=(0,)),
    "attentions": lambda m, i: m.attentions(i),
    "attention gradients": lambda m, i: next(m.attention_gradients(i, value="log-odds", targets=[0])[1]),
    "layers": lambda m, i: m.layer_states(i, np.linspace(0, 1, 3), value="log-odds", targets=(0,)),
    "blends": lambda m, i: m.blends(i, some(i) * 0.5),
    "randomised": lambda m, i: m.randomised(0),
    "half check": lambda m, i: m.half_check,
}


NEEDS = {"attentions": Need.ATTENTIONS, "attention gradients": Need.ATTENTIONS, "layers": Need.LAYERS}


def able(name: str, call: str) -> bool:
    if call == "outputs in bf16":
        return name not in FP32_ONLY
    return NEEDS.get(call) not in NOT_OFFERED.get(name, ())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_model_is_left_as_it_was_found(name: str, subtests: pytest.Subtests) -> None:
    """Weights, mode, hooks, gradients, attention, random state and threads are untouched by every call."""
    model = tiny(name)
    inputs = model.encode(Question.about(text=TEXT))
    for call in (call for call in CALLS if able(name, call)):
        with subtests.test(call=call):
            before = state(model)

            CALLS[call](model, inputs)

            assert same(before, state(model))


@pytest.mark.parametrize("call", ["predict", "outputs", "path gradients", "attentions", "attention gradients"])
@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2"])
def test_a_model_is_left_as_it_was_found_after_an_error(name: str, call: str) -> None:
    """Also when the last layer fails in the middle of a call; the next call works."""
    model = tiny(name)
    inputs = model.encode(Question.about(text=TEXT))
    wanted, before = model.predict([inputs]), state(model)
    broken = tiny(name, seed=1).encode(Question.about(text=TEXT))
    object.__setattr__(broken.held, "ids", ids_of(broken).ids + 100_000)  # no such word: the embedding raises

    with pytest.raises(IndexError):
        CALLS[call](model, broken)

    assert same(before, state(model))
    np.testing.assert_array_equal(model.predict([inputs]), wanted)


@pytest.mark.parametrize("name", ["bert", "distilbert", "roberta"])
def test_with_everything_kept_200_sentences_give_the_served_prediction(name: str) -> None:
    """To 1e-6 in fp32, whatever the sentence."""
    model = tiny(name)
    texts = generated()
    assert len(set(texts)) == 200

    for text in texts:
        inputs = model.encode(Question.about(text=text))
        kept = model.outputs(inputs, np.ones((1, len(inputs.features)), dtype=bool))

        np.testing.assert_allclose(kept, model.predict([inputs]), atol=1e-6)


def test_an_input_predicts_the_same_alone_and_among_others() -> None:
    """Each input goes through the model by itself, so its bits do not depend on its neighbours."""
    model = tiny("bert")
    inputs = [model.encode(Question.about(text=text)) for text in generated()[:8]]

    together = model.predict(inputs)

    np.testing.assert_array_equal(together, np.concatenate([model.predict([one]) for one in inputs]))


def test_the_same_coalitions_give_the_same_bits() -> None:
    """Twice the same question, twice the same numbers, in both precisions."""
    model = tiny("bert")
    inputs = model.encode(Question.about(text=TEXT))

    for precision in ("fp32", "bf16"):
        first, second = (model.outputs(inputs, some(inputs), precision=precision) for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_long_batches_are_cut_and_put_together_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound on tokens a pass changes the passes, not the numbers."""
    model = tiny("bert")
    inputs = model.encode(Question.about(text=TEXT))
    points = np.linspace(0, 1, 7)
    outputs = model.outputs(inputs, some(inputs))
    path = model.path_gradients(inputs, points, value="log-odds", targets=(0, 1))
    monkeypatch.setattr("explainers.game.batches.PROCESSOR", replace(PROCESSOR, tokens=30, gradients=30))

    found = model.path_gradients(inputs, points, value="log-odds", targets=(0, 1))

    np.testing.assert_allclose(model.outputs(inputs, some(inputs)), outputs, atol=1e-6)
    np.testing.assert_allclose(found.products, path.products, atol=1e-6)
    np.testing.assert_allclose(found.logits, path.logits, atol=1e-6)


def test_no_input_gives_no_rows() -> None:
    """Predicting nothing is not an error."""
    assert tiny("bert", labels=3).predict([]).shape == (0, 3)


def test_what_a_model_offers() -> None:
    """Everything a method may ask of a classifier, but for what the architecture's own forward does not give."""
    of_a_classifier = set(Need) - {Need.FACTORS, Need.ANSWERS, Need.MAPS}  # of other kinds of model
    for name in ARCHITECTURES:
        assert tiny(name).offers == of_a_classifier - NOT_OFFERED.get(name, frozenset())


def test_special_tokens_never_move() -> None:
    """At every baseline, on the path and in the coalitions, they are those of the input."""
    from explainers.models.networks.masking import coalition_rows, path_ends

    model = tiny("bert")
    for baseline in ("mask", "pad", "zero", "mean"):
        inputs = model.encode(Question.about(text="the film", baseline=baseline))
        whole, absent = path_ends(model._network, inputs)
        special = inputs.owner < 0

        assert torch.equal(whole[special], absent[special])
        rows = coalition_rows(model._network, inputs, np.zeros((1, 2), dtype=bool))
        moved = rows.embeddings if rows.embeddings is not None else model._network.embedded(rows.ids)
        assert torch.equal(moved[0, special], whole[special])


def test_the_eager_twin_shares_every_tensor() -> None:
    """It costs no second copy of the weights."""
    model = tiny("bert")
    original = {p.data_ptr() for p in model._network.module.parameters()}

    assert {p.data_ptr() for p in model._twin.module.parameters()} == original
    assert model._twin.module.config._attn_implementation == "eager"
    assert model._network.module.config._attn_implementation == "sdpa"


def test_attentions_that_would_fill_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """They grow with the square of the length; the reason names the cure."""
    from explainers.errors import Incompatible

    model = tiny("bert")
    inputs = model.encode(Question.about(text=TEXT))
    monkeypatch.setattr("explainers.models.networks.attention.MOST_WEIGHTS", 2 * 4 * inputs.size**2 - 1)

    with pytest.raises(Incompatible, match="shorten the text"):
        model.attentions(inputs)
    with pytest.raises(Incompatible, match="shorten the text"):
        model.attention_gradients(inputs, value="logit", targets=[0])


def test_other_logits_of_the_twin_are_refused() -> None:
    """If readable attention computed something else, it would explain another model."""
    from explainers.errors import Incompatible
    from explainers.models.networks import attention

    model = tiny("bert")
    inputs = model.encode(Question.about(text=TEXT))

    with pytest.raises(Incompatible, match="other logits"):
        attention.attentions(model._twin, inputs, served=model.predict([inputs]) + 0.01)


def test_positions_of_roberta_stay_when_words_become_padding() -> None:
    """RoBERTa numbers positions by what is not padding: a masked row must keep those of the input."""
    model = tiny("roberta")
    inputs = model.encode(Question.about(text="the film is", baseline="pad"))
    assert ids_of(inputs).positions is not None
    assert ids_of(inputs).positions.tolist() == list(range(2, 2 + inputs.size))
    assert ids_of(inputs).baseline_ids is not None

    found = model.outputs(inputs, np.zeros((1, 3), dtype=bool))

    with torch.inference_mode():
        wanted = model._network.module(
            input_ids=torch.from_numpy(ids_of(inputs).baseline_ids)[None],
            position_ids=torch.from_numpy(ids_of(inputs).positions)[None],
        ).logits
        slipped = model._network.module(input_ids=torch.from_numpy(ids_of(inputs).baseline_ids)[None]).logits
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-6)
    assert not np.allclose(found, slipped.numpy(), atol=1e-3)
