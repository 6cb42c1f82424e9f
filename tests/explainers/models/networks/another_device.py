"""A model on another device than the processor gives what it gives on the processor, and nothing is left behind.

test_device.py runs these in a process of their own.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from explainers import build, runner
from explainers.contract import Question
from explainers.models.networks.device import placed
from explainers.models.transformer import TransformerModel
from tests.pretend import Mixed, Pretending, device
from tests.tiny import network_for, tokenizer_for

SHORT = "the film is not bad"
LONG = "the film is not bad and the movie was never dull but funny and witty"
FEW = ("integrated-gradients", "leave-one-out", "relevance", "layers")
OTHERS = ("deberta-v2", "llama")
MEASURES = ("naopc", "infidelity", "max-sensitivity", "randomisation")


@pytest.fixture
def pretending(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("torch.cuda.is_bf16_supported", lambda **_: True)
    monkeypatch.setattr("torch.__future__._overwrite_module_params_on_conversion", True)  # not the data beneath
    device()
    with Pretending():
        yield


def moved(name: str, *, labels: int = 3, task: str = "text") -> tuple[TransformerModel, TransformerModel]:
    """The same classifier on the processor and on the other device."""
    tokenizer = tokenizer_for(name)
    network = network_for(name, tokenizer, labels=labels, task=task)
    there = placed(copy.deepcopy(network), device())
    return tuple(TransformerModel(each, tokenizer, id=f"tiny-{name}", digest=name) for each in (network, there))  # type: ignore[return-value]


def close(here: Any, there: Any) -> None:
    for name in ("scores", "output", "baseline_output", "relations", "interactions"):
        one, other = getattr(here, name), getattr(there, name)
        assert (one is None) == (other is None)
        if one is not None:
            np.testing.assert_allclose(np.asarray(other), np.asarray(one), atol=2e-4, rtol=2e-3)


@pytest.mark.parametrize("name", ["bert", *OTHERS])
def test_methods_give_the_same_on_another_device(name: str, pretending: None) -> None:
    """No tensor of the processor meets one of the device; results are arrays, and say where they were made."""
    here, there = moved(name)
    assert (here.device, there.device) == ("cpu", "pretend")

    for method in runner.offered(here) if name == "bert" else set(FEW) & set(runner.offered(here)):
        question = Question.about(text=SHORT, precision="fp32")
        found = [runner.explain(model, question, build(method)) for model in (here, there)]
        close(*found)
        assert [each.device for each in found] == ["cpu", "pretend"]


def test_measures_on_demand_and_bf16_run_on_another_device(pretending: None) -> None:
    """The self-check, sampled games in bf16, and everything that blends or redraws."""
    here, there = moved("bert")
    question = Question.about(text=LONG, precision="bf16", budget=64, players="word")

    found = [
        runner.explain(model, question, build("shap"), measures=[m for m in MEASURES if m != "naopc"])
        for model in (here, there)
    ]

    assert there.half_check.ok
    assert found[1].precision == "bf16"
    np.testing.assert_allclose(found[1].scores, found[0].scores, atol=0.1)
    for measure in ("infidelity", "max_sensitivity"):
        assert found[1].checks[measure] == pytest.approx(found[0].checks[measure], rel=0.2)


@pytest.mark.parametrize("baseline", ["zero", "mean"])
def test_every_baseline_and_noise_run_on_another_device(baseline: str, pretending: None) -> None:
    """Embeddings that are filled in are made beside those of the model; the mask stands in every other test."""
    here, there = moved("bert")
    question = Question.about(text=SHORT, baseline=baseline, precision="fp32")

    for method in ("integrated-gradients", "smoothgrad", "leave-one-out"):
        close(*(runner.explain(model, question, build(method)) for model in (here, there)))


def test_long_texts_pairs_and_words_run_on_another_device(pretending: None) -> None:
    """Windows of several classes, whose value is that of the mean; segments; a token classifier's words."""
    here, there = moved("bert")
    long = Question.about(text=". ".join([LONG] * 12), precision="fp32", budget=16)
    pair = Question.about(text=SHORT, text_pair="a dull movie", precision="fp32")
    for question in (long, pair):
        close(*(runner.explain(model, question, build("integrated-gradients")) for model in (here, there)))
    texts = [SHORT, LONG, "good"] * 3
    np.testing.assert_allclose(there.scores(texts), here.scores(texts), atol=1e-5)

    tags = moved("bert", task="word")
    close(*(runner.explain(model, Question.about(text=SHORT, precision="fp32"), build("shap")) for model in tags))


def test_a_tensor_on_the_wrong_device_is_an_error(pretending: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests above would do if an array were not put beside the model."""
    _, there = moved("bert")
    monkeypatch.setattr(
        "explainers.models.networks.network.Network.tensor", lambda self, array: torch.from_numpy(array)
    )

    with pytest.raises(Mixed):
        runner.explain(there, Question.about(text=SHORT, precision="fp32"), build("integrated-gradients"))
