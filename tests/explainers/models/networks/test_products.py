import copy
from typing import get_args

import numpy as np
import pytest
import torch
from torch.nn import functional

from explainers import Question
from explainers.inputs.text.ids import ids_of
from explainers.models.networks import products
from explainers.models.networks.masking import coalition_rows
from explainers.models.networks.network import QuickNetwork
from explainers.models.transformer import TransformerModel
from tests.tiny import tiny, tokenizer_for


@pytest.fixture
def asked(monkeypatch):
    """Shapes of the states that oneDNN was given."""
    plain, shapes = products._multiplied, []

    def multiplied(states, weight, bias):
        shapes.append(tuple(states.shape))
        return plain(states, weight, bias)

    monkeypatch.setattr(products, "_multiplied", multiplied)
    return shapes


def drawn(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("shape", [(5, 12), (3, 5, 12), (0, 12)])
def test_the_product_is_that_of_the_linear_layer(shape, asked):
    """For two and three dimensions, and for no rows at all."""
    weight, bias, states = drawn(7, 12), drawn(7), drawn(*shape)
    found = products.product(weight, bias)(states)

    torch.testing.assert_close(found, functional.linear(states, weight, bias), atol=1e-5, rtol=1e-5)
    assert asked == [shape]


def test_the_gradient_is_that_of_the_linear_layer():
    weight, bias, states = drawn(7, 12), drawn(7), drawn(3, 5, 12).requires_grad_()
    slopes = [
        torch.autograd.grad((layer(states) ** 2).sum(), states)[0]
        for layer in (products.product(weight, bias), lambda states: functional.linear(states, weight, bias))
    ]

    assert slopes[1].abs().max() > 1
    torch.testing.assert_close(slopes[0], slopes[1], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("name", ["distilbert", "deberta-v2", "modernbert", "gpt2"])
def test_a_network_of_any_kind_gives_the_logits_and_slopes_of_its_module(name, asked):
    """GPT-2's layers are no linear ones: they stay torch's, its head does not."""
    model = tiny(name)
    assert isinstance(model._fast, QuickNetwork)
    inputs = model.encode(Question.about(text="a gorgeous, witty film"))
    place = model._network.embedded(torch.from_numpy(ids_of(inputs).ids))[None].repeat(2, 1, 1).requires_grad_()
    found, slopes = [], []
    for network in (model._fast, model._network):
        before = len(asked)
        logits = network.forward(model._network.rows(inputs, embeddings=place)).logits
        assert (len(asked) > before) == (network is model._fast)
        found.append(logits.detach())
        slopes.append(torch.autograd.grad(logits[:, 1].sum(), place)[0])

    torch.testing.assert_close(found[0], found[1], atol=2e-6, rtol=1e-5)
    torch.testing.assert_close(slopes[0], slopes[1], atol=2e-6, rtol=1e-4)
    assert slopes[1].abs().max() > 1e-4


@pytest.mark.parametrize("name", ["distilbert", "albert", "modernbert", "mpnet", "llama"])
def test_plain_attention_is_replaced_and_a_masked_one_is_not(name, monkeypatch):
    """A decoder's is causal, and MPNet's adds a bias of positions: those stay torch's."""
    plain, asked = products.attended, []
    monkeypatch.setattr(products, "attended", lambda *given: asked.append(len(given)) or plain(*given))
    model = tiny(name)
    inputs = model.encode(Question.about(text="a gorgeous, witty film"))
    keep = torch.rand(8, len(inputs.features), generator=torch.Generator().manual_seed(0)).numpy() < 0.5

    found = model.outputs(inputs, keep)

    assert bool(asked) == (name not in ("mpnet", "llama"))
    rows = coalition_rows(model._network, inputs, keep)
    torch.testing.assert_close(
        torch.from_numpy(found), torch.from_numpy(model._network.logits(rows)), atol=5e-6, rtol=0
    )


@pytest.mark.parametrize("asked", [{"is_causal": True}, {"scale": 0.3}, {"attn_mask": torch.zeros(5, 5)}])
def test_attention_of_another_kind_is_torchs(asked):
    states = [drawn(2, 3, 5, 8) for _ in range(3)]
    with products.Quicker():
        found = functional.scaled_dot_product_attention(*states, **asked)

    torch.testing.assert_close(found, functional.scaled_dot_product_attention(*states, **asked), atol=0, rtol=0)


def answers():
    """Coalitions in both precisions and the slopes along a path, of the layers as a stack and of the module's own."""
    found = []
    for name in ("bert", "distilbert"):
        network, tokenizer = copy.deepcopy(tiny(name)._network.module), tokenizer_for(name)
        model = TransformerModel(network, tokenizer, id=name, digest=name)
        inputs = model.encode(Question.about(text="a gorgeous, witty film"))
        keep = np.eye(len(inputs.features), dtype=bool)
        slopes = model.path_gradients(inputs, np.array([0.3, 0.7]), value="log-odds", targets=(0,)).products
        found += [model.outputs(inputs, keep), slopes, model.outputs(inputs, keep, precision="bf16")]
    return found


@pytest.mark.parametrize("name", [*get_args(products.Private), None])
def test_without_a_private_operation_of_torch_the_answers_are_the_same(name, monkeypatch):
    """Each is taken away, and oneDNN as a whole: the plain path gives the same numbers, up to rounding."""
    before = answers()
    monkeypatch.setattr(torch.ops, "mkldnn", Without(torch.ops.mkldnn, name))
    if name is None:
        monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
        monkeypatch.setattr(torch.ops, "mkldnn", None)
    after = answers()

    for number, (one, other) in enumerate(zip(before, after, strict=True)):
        rough = number % 3 == 2
        assert np.abs(one).max() > 0.01
        np.testing.assert_allclose(other, one, atol=0.05 if rough else 5e-6)


class Without:
    """oneDNN's operations without one of them, as another version of torch could have them."""

    def __init__(self, operations, name):
        self.operations, self.name = operations, name

    def __getattr__(self, name):
        if name == self.name:
            raise AttributeError(name)
        return getattr(self.operations, name)
