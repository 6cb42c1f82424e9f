from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as captum_infidelity

from explainers.methods.attention import RawAttention
from explainers.methods.gradient_x_input import GradientXInput
from explainers.methods.rollout import Rollout
from explainers.metrics.perturbation import infidelity, infidelity_of, max_sensitivity_of, randomisation_of
from explainers.testing import GradientModel
from tests.given import Given, case_for, given
from tests.tiny import tiny

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.5, -1.0), "witty": (0.0, 0.7)}


def test_the_weights_of_a_linear_model_foretell_everything() -> None:
    """And so does any multiple of them: only the shape is judged."""
    case = case_for(GradientModel(WEIGHTS), "good bad witty")
    weights = (2.0, -1.5, 0.7)

    for scale in (1, 3):
        scores = given(case, *(scale * w for w in weights))
        assert infidelity_of(scores, case, Given(scores=weights))["infidelity"] == pytest.approx(0, abs=1e-12)


def test_infidelity_by_hand() -> None:
    """Foretold (1, 0), lost (1, 1): β = ½/½ = 1, what is left is (0, 1), its mean square ½ of a mean square of 1."""
    assert infidelity(np.array([1.0, 0.0]), np.array([1.0, 1.0])) == pytest.approx(0.5)
    assert infidelity(np.zeros(2), np.ones(2)) == pytest.approx(1)
    assert infidelity(np.ones(2), np.zeros(2)) is None


def test_infidelity_is_captums_over_what_there_was_to_foretell() -> None:
    """captum, with its optimal scaling, over the players' shares as plain inputs and the same draws."""
    case = case_for(tiny("bert"), "a good film")
    scores = GradientXInput().explain(case)
    row = case.targets.index(case.prediction.main.index)
    draws = np.random.default_rng((case.seed, 3)).random((256, 3))
    losses = []

    def value(shares: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(case.values(case.model.blends(case.inputs, shares.double().numpy()))[:, row])

    def perturb(inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        moves = torch.from_numpy(draws)
        losses.append(case.values(case.table.whole)[0, row] - value(inputs - moves).numpy())
        return moves, inputs - moves

    theirs = captum_infidelity(
        value,
        perturb,
        torch.ones((1, 3), dtype=torch.float64),
        torch.from_numpy(scores.scores[[row]]),
        n_perturb_samples=256,
        normalize=True,
    )

    ours = infidelity_of(scores, case, GradientXInput())["infidelity"]
    assert ours == pytest.approx(float(theirs[0]) / float((losses[0] ** 2).mean()), rel=1e-4)


def test_scores_that_never_move_have_no_sensitivity() -> None:
    """Given ones stay, the slopes of a network do not."""
    case = case_for(tiny("bert"), "a good film")
    still = Given(scores=(1.0, 2.0, 3.0))

    assert max_sensitivity_of(still.explain(case), case, still)["max_sensitivity"] == 0
    moving = GradientXInput()
    found = max_sensitivity_of(moving.explain(case), case, moving)["max_sensitivity"]
    assert found is not None
    assert 0 < found < 1


def test_sensitivity_of_a_linear_model_is_bounded_by_the_radius() -> None:
    """w · (x + y) moves by at most 5 % of |w||x| a word; the log-odds slope is 1 for each of two logits."""
    case = case_for(GradientModel({"good": (0.0, 2.0)}), "good")
    method = GradientXInput()

    found = max_sensitivity_of(method.explain(case), case, method)["max_sensitivity"]

    assert found is not None
    assert 0 < found <= 0.05 * np.sqrt(2)


def test_scores_that_ignore_the_weights_survive_their_loss() -> None:
    """The same order on every model is τ = 1; attention without scores is not measured."""
    case = case_for(tiny("bert"), "a good film")
    deaf = Given(scores=(1.0, 2.0, 3.0))

    assert randomisation_of(deaf.explain(case), case, deaf) == {"randomisation_tau": 1.0}
    assert randomisation_of(RawAttention().explain(case), case, RawAttention()) == {}
    found = randomisation_of(Rollout().explain(case), case, Rollout())["randomisation_tau"]
    assert found is not None
    assert -1 <= found <= 1


def test_random_weights_are_those_of_another_model() -> None:
    """Every matrix is drawn anew, norms stay, equal seeds draw alike, and the model itself keeps its weights."""
    model = tiny("bert")
    before = {name: weight.clone() for name, weight in model._network.module.named_parameters()}

    one, again, other = model.randomised(0), model.randomised(0), model.randomised(1)

    for name, weight in one._network.module.named_parameters():
        same = torch.equal(weight, before[name])
        assert same == (weight.dim() < 2), name
        assert torch.equal(weight, again._network.module.get_parameter(name))
        assert same or not torch.equal(weight, other._network.module.get_parameter(name))
        assert torch.equal(model._network.module.get_parameter(name), before[name])
