import pytest
import torch
from torch.nn import functional

from explainers import Question
from explainers.models.networks import products
from explainers.models.networks.masking import coalition_rows
from explainers.models.networks.network import QuickNetwork
from tests.tiny import tiny


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
    inputs = model.encode(Question(text="a gorgeous, witty film"))
    place = model._network.word_embeddings[torch.from_numpy(inputs.ids)][None].repeat(2, 1, 1).requires_grad_()
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
    inputs = model.encode(Question(text="a gorgeous, witty film"))
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
