"""Integrated gradients and gradient x input against captum's, on the same points of the same network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients, LayerIntegratedGradients

from explainers.contract import Case, FloatArray
from explainers.methods.gradient_x_input import GradientXInput
from explainers.methods.integrated_gradients import IntegratedGradients as Ours
from explainers.models.networks.masking import path_ends
from tests.given import case_for
from tests.tiny import tiny

TEXT = "a gorgeous, witty film that never recovers"
POINTS = 27
NAMES = ("bert", "roberta", "distilbert", "gpt2")


@pytest.mark.parametrize("name", NAMES)
def test_layer_integrated_gradients_from_the_same_baseline(name: str) -> None:
    """captum's own walk through the word embeddings, from the ids of the baseline, at the same 27 midpoints."""
    case = case_for(tiny(name, labels=3), TEXT)
    network = case.model._network
    layer = network.module.get_input_embeddings()
    ids, baseline = (torch.from_numpy(i)[None] for i in (case.inputs.ids, case.inputs.baseline_ids))

    for row, target in enumerate(case.targets):
        theirs = LayerIntegratedGradients(from_ids(case), layer).attribute(
            ids, baselines=baseline, target=target, n_steps=POINTS, method="riemann_middle"
        )

        assert ours(case)[row] == pytest.approx(per_player(case, theirs), abs=1e-5)


@pytest.mark.parametrize("baseline", [None, "zero", "mean"])
@pytest.mark.parametrize("name", NAMES)
def test_integrated_gradients_over_embeddings(name: str, baseline: Any) -> None:
    """captum on the embeddings as plain inputs, from a token and from both embeddings."""
    case = case_for(tiny(name), TEXT, baseline=baseline)
    whole, absent = path_ends(case.model._network, case.inputs)

    theirs = IntegratedGradients(from_embeddings(case)).attribute(
        whole[None], baselines=absent[None], target=1, n_steps=POINTS, method="riemann_middle"
    )

    assert ours(case)[1] == pytest.approx(per_player(case, theirs), abs=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_input_x_gradient(name: str) -> None:
    """captum multiplies the embeddings by their gradient, as we do."""
    case = case_for(tiny(name), TEXT)
    whole, _ = path_ends(case.model._network, case.inputs)

    theirs = InputXGradient(from_embeddings(case)).attribute(whole[None].clone().requires_grad_(), target=1)

    assert GradientXInput().explain(case).scores[1] == pytest.approx(per_player(case, theirs), abs=1e-5)


@pytest.mark.parametrize("name", ["bert", "roberta", "gpt2"])
def test_the_refined_integral_is_captums_of_many_points(name: str) -> None:
    """Within the tolerance that was asked for, player by player."""
    case = case_for(tiny(name), TEXT)
    whole, absent = path_ends(case.model._network, case.inputs)

    theirs = IntegratedGradients(from_embeddings(case)).attribute(
        whole[None], baselines=absent[None], target=1, n_steps=100, method="gausslegendre"
    )
    found = Ours(tolerance=1e-4).explain(case)

    assert found.scores is not None
    assert found.checks["converged"]
    assert found.scores[1] == pytest.approx(per_player(case, theirs), abs=1e-3)


def ours(case: Case) -> FloatArray:
    """The mean of our gradients at 27 midpoints, (targets, players)."""
    midpoints = (np.arange(POINTS) + 0.5) / POINTS
    found = case.model.path_gradients(case.inputs, midpoints, value=case.value, targets=case.targets)
    return case.inputs.by_player(found.products.mean(axis=1))


def per_player(case: Case, found: torch.Tensor) -> Any:
    return case.inputs.by_player(found.sum(dim=-1)[0].detach().double().numpy())


def log_odds(logits: torch.Tensor) -> torch.Tensor:
    """(rows, labels): of every class against the others, in a way of its own: log p − log(1 − p) in float64."""
    shares = torch.softmax(logits.double(), dim=1)
    return torch.log(shares) - torch.log1p(-shares)


def from_ids(case: Case) -> Callable[[torch.Tensor], torch.Tensor]:
    network = case.model._network

    def forward(ids: torch.Tensor) -> torch.Tensor:
        return log_odds(network.forward(network.rows(case.inputs, ids=ids.numpy())).logits)

    return forward


def from_embeddings(case: Case) -> Callable[[torch.Tensor], torch.Tensor]:
    network = case.model._network

    def forward(embeddings: torch.Tensor) -> torch.Tensor:
        return log_odds(network.forward(network.rows(case.inputs, embeddings=embeddings)).logits)

    return forward


def test_the_two_ways_to_log_odds_agree() -> None:
    """log p − log(1 − p) is the logit less the logsumexp of the others, as long as p does not saturate."""
    logits = torch.tensor([[0.3, -1.0, 2.0]])

    assert log_odds(logits)[0, 2].item() == pytest.approx(2.0 - np.log(np.exp(0.3) + np.exp(-1.0)))
