from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient

from explainers.methods.gradient_x_input import GradientXInput
from explainers.methods.smoothgrad import SmoothGrad, noise_draws
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import tiny


def test_a_linear_model_gives_back_its_weights() -> None:
    """w · (x + ε) and w · (x − ε) have the mean w · x, whatever is drawn."""
    case = case_for(GradientModel({"good": (0.0, 2.0), "bad": (0.5, -1.0)}), "good so bad")

    found = SmoothGrad(noise_level=0.5).explain(case)

    assert found.scores == pytest.approx(np.array([[-2.0, 0.0, 1.5], [2.0, 0.0, -1.5]]), abs=1e-9)
    assert found.standard_errors == pytest.approx(np.zeros((2, 3)), abs=1e-9)


def test_it_is_captums_input_x_gradient_at_the_noisy_embeddings() -> None:
    """Averaged over the same draws and their negatives, for log-odds of two classes: the difference of the logits."""
    case = case_for(tiny("bert"), "a good film")
    network = case.model._network.module
    embeddings = torch.from_numpy(case.model.embeddings(case.inputs)).float()

    def difference(place: torch.Tensor) -> torch.Tensor:
        logits = network(inputs_embeds=place).logits
        return logits[:, 1] - logits[:, 0]

    theirs = []
    for noise in noise_draws(case, 0.1, 2):
        for sign in (1, -1):
            place = (embeddings + sign * torch.from_numpy(noise).float())[None].requires_grad_()
            theirs.append(InputXGradient(difference).attribute(place).sum(dim=-1)[0].detach().double().numpy())

    ours = SmoothGrad(samples=4, noise_level=0.1).explain(case)

    assert ours.scores[1] == pytest.approx(case.inputs.by_player(np.mean(theirs, axis=0)), abs=1e-5)


def test_with_little_noise_it_is_gradient_x_input() -> None:
    """The limit, on a network that bends."""
    case = case_for(tiny("bert"), "a good film")

    found = SmoothGrad(samples=4, noise_level=1e-4).explain(case)

    assert found.scores == pytest.approx(GradientXInput().explain(case).scores, abs=1e-4)


def test_the_standard_error_is_that_of_the_mean() -> None:
    """It foretells how far seeds lie apart: of 12 seeds the spread is within a factor of two of it."""
    scores, errors = [], []
    for seed in range(12):
        found = SmoothGrad(samples=8, noise_level=0.1).explain(case_for(tiny("bert"), "good", seed=seed))
        scores.append(found.scores[1, 0])
        errors.append(found.standard_errors[1, 0])

    assert 0.5 < np.std(scores, ddof=1) / np.mean(errors) < 2


def test_special_tokens_get_no_noise() -> None:
    """What stands for no word stays where the model has learned it."""
    case = case_for(tiny("bert"), "a good film")

    for noise in noise_draws(case, 0.1, 3):
        assert not noise[case.inputs.owner < 0].any()
        assert noise[case.inputs.owner >= 0].all()


def test_noise_moves_the_input_and_not_the_baseline() -> None:
    """With nothing kept the model reads the baseline itself; with everything kept the noisy text."""
    model = tiny("bert")
    case = case_for(model, "a good film")
    noisy = replace(case.inputs, noise=noise_draws(case, 0.1, 1)[0])
    ends = np.array([[False] * 3, [True] * 3])

    plain, moved = model.outputs(case.inputs, ends), model.outputs(noisy, ends)

    assert moved[0] == pytest.approx(plain[0], abs=1e-5)
    assert abs(moved[1] - plain[1]).max() > 1e-3
    assert moved[1] == pytest.approx(model.predict([noisy])[0], abs=1e-5)
