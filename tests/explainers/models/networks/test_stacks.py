import copy

import numpy as np
import pytest
import torch

from explainers import Question
from explainers.models.networks.masking import coalition_rows
from explainers.models.networks.network import Network, QuickNetwork
from explainers.models.networks.stacks import KINDS, StackedNetwork, stacked
from tests.tiny import tiny

TEXT = "a gorgeous, witty film that never recovers from its clumsy opening"
NAMES = ("bert", "roberta", "xlm-roberta", "electra")


def rows_of(model, count):
    inputs = model.encode(Question(text=TEXT))
    keep = np.random.default_rng(0).random((count, len(inputs.features))) < 0.5
    return coalition_rows(model._network, inputs, keep)


@pytest.mark.parametrize("name", NAMES)
def test_the_stack_gives_the_logits_of_the_module(name):
    """Up to the rounding of fp32 sums in another order, in batches; a row alone gets the very same bits."""
    model = tiny(name)
    network = stacked(model._network)
    assert network is not None

    many, one = rows_of(model, 16), rows_of(model, 1)

    np.testing.assert_allclose(network.logits(many), model._network.logits(many), atol=2e-6)
    assert (network.logits(one) == model._network.logits(one)).all()


def test_gradients_go_through_the_stack():
    """The slope of a logit to the embeddings is the module's; no weight gets a gradient."""
    model = tiny("bert")
    inputs = model.encode(Question(text=TEXT))
    slopes = []
    for network in (stacked(model._network), model._network):
        place = model._network.word_embeddings[torch.from_numpy(inputs.ids)][None].repeat(2, 1, 1).requires_grad_()
        logits = network.forward(model._network.rows(inputs, embeddings=place)).logits
        slopes.append(torch.autograd.grad(logits[:, 1].sum(), place)[0].numpy())

    assert np.abs(slopes[1]).max() > 1e-3
    np.testing.assert_allclose(slopes[0], slopes[1], atol=1e-6)


@pytest.mark.parametrize("name", ["distilbert", "gpt2", "deberta-v2", "modernbert"])
def test_other_architectures_keep_their_own_layers(name):
    """What is not known to be of this kind is not rebuilt."""
    model = tiny(name)

    assert model._network.module.config.model_type not in KINDS
    assert stacked(model._network) is None
    assert type(model._fast) is QuickNetwork


def test_a_network_with_other_logits_is_not_replaced():
    """A layer that is not what it seems shows in the logits, and the module's own layers stay in use."""
    network = Network(copy.deepcopy(tiny("bert")._network.module))
    layer = network.module.base_model.encoder.layer[0]
    plain = layer.forward
    layer.forward = lambda *given, **named: plain(*given, **named) + 0.1

    assert stacked(network) is None


def test_the_half_stack_is_close_and_leaves_the_weights_alone():
    """bf16 has three digits; the module's tensors stay fp32."""
    model = tiny("bert")
    half = StackedNetwork(model._network.module, dtype=torch.bfloat16)
    rows = rows_of(model, 16)
    found, exact = half.logits(rows), model._network.logits(rows)

    assert np.abs(found - exact).max() < 0.05 * np.abs(exact).max()
    assert not np.array_equal(found, exact)
    assert {p.dtype for p in model._network.module.parameters()} == {torch.float32}
