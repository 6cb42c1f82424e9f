from __future__ import annotations

import numpy as np
import pytest
import torch

from explainers.inputs.text.ids import ids_of
from explainers.methods.gradient_x_input import GradientXInput
from explainers.testing import GradientModel, NeighbourModel
from tests.given import case_for
from tests.tiny import tiny


def test_a_linear_model_gives_back_its_weights() -> None:
    """The slope of w · x times x is w · x, as long as nothing bends."""
    case = case_for(GradientModel({"good": (0.0, 2.0), "bad": (0.5, -1.0)}), "good so bad")

    found = GradientXInput().explain(case)

    assert found.scores == pytest.approx(np.array([[-2.0, 0.0, 1.5], [2.0, 0.0, -1.5]]))


def test_the_slope_is_taken_at_the_input() -> None:
    """tanh(p) of the product p = 1 · 1 has the slope 1 − tanh² 1 for each factor, beside the word's own 1."""
    case = case_for(NeighbourModel({"so": (0.0, 1.0)}), "so so")

    found = GradientXInput().explain(case)

    each = 1 + (1 - np.tanh(1.0) ** 2)
    assert found.scores[1] == pytest.approx([each, each])


def test_it_starts_from_the_zero_embedding_whatever_the_baseline_of_the_question() -> None:
    """The record says so, and gives no baseline output that scores could seem to add up to."""
    found = GradientXInput().explain(case_for(tiny("bert"), "a good film", baseline="mask"))

    assert found.baseline == "zero"
    assert found.baseline_output is None
    assert found.residual is None


def test_it_is_torchs_gradient_times_the_embedding() -> None:
    """Taken directly from the network, summed over the embedding and over a player's tokens."""
    model = tiny("bert")
    case = case_for(model, "a gorgeous film")
    network = model._network.module
    embeddings = (
        network.get_input_embeddings().weight[torch.from_numpy(ids_of(case.inputs).ids)][None].clone().requires_grad_()
    )

    logits = network(inputs_embeds=embeddings).logits
    (slope,) = torch.autograd.grad((logits[0, 1] - logits[0, 0]), embeddings)
    wanted = case.inputs.by_player((slope * embeddings).sum(dim=-1)[0].detach().double().numpy())

    assert GradientXInput().explain(case).scores[1] == pytest.approx(wanted, abs=1e-5)
