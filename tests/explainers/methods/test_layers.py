from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from captum.attr import LayerConductance as CaptumConductance

from explainers.contract import Question
from explainers.game.batches import PROCESSOR
from explainers.methods.integrated_gradients import IntegratedGradients
from explainers.methods.layers import LayerConductance
from explainers.models.networks.half import layer_stack
from explainers.models.networks.masking import path_ends
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import ARCHITECTURES, tiny

TEXT = "a good, witty film"


def test_the_fake_by_hand() -> None:
    """Everything passes first through the words, then through the special token, which alone is read."""
    case = case_for(GradientModel({"good": (0.0, 2.0), "bad": (0.5, -1.0)}), "good bad")

    layers = LayerConductance().explain(case).layers

    assert layers is not None
    assert layers.parts[1] == pytest.approx(np.array([[2, -1.5], [0, 0]]))
    assert layers.pooled is not None
    assert layers.pooled[1] == pytest.approx([0, 0.5])
    assert layers.readings[1] == pytest.approx([0, 0.5])


@pytest.mark.parametrize("name", ["bert", "distilbert", "gpt2"])
def test_it_is_captums_layer_conductance(name: str) -> None:
    """At the output of each layer, with steps so fine that left sums and midpoints agree."""
    case = case_for(tiny(name, labels=3), TEXT)
    steps, target = 200, 1
    twin = case.model._twin
    whole, absent = path_ends(twin, case.inputs)

    def forward(place: torch.Tensor) -> torch.Tensor:
        return twin.forward(twin.rows(case.inputs, embeddings=place)).logits

    found = case.model.layer_states(case.inputs, np.linspace(0, 1, steps + 1), value="logit", targets=(target,))

    for number, layer in enumerate(layer_stack(twin.module), start=1):
        theirs = CaptumConductance(forward, layer).attribute(
            whole[None], baselines=absent[None], target=target, n_steps=steps, method="riemann_middle"
        )
        states = theirs[0] if isinstance(theirs, tuple) else theirs
        wanted = states.detach().sum(dim=-1)[0].double().numpy()
        size = np.abs(found.conductance[0, number]).max()
        assert found.conductance[0, number] == pytest.approx(wanted, abs=0.05 * size)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_layer_of_every_architecture_adds_up(name: str) -> None:
    """To v(x) − v(baseline), and the head reads the prediction itself from the last layer.

    From the mean embedding: a padding token of zeros is a pole of Qwen's norm, next to which every rule is slow.
    """
    case = case_for(tiny(name), TEXT, baseline="mean")

    found = case.model.layer_states(case.inputs, np.linspace(0, 1, 129), value="log-odds", targets=(1,))

    change = case.values(case.table.whole)[0, 1] - case.values(case.table.empty)[0, 1]
    assert found.conductance.shape == (1, 3, len(case.inputs.tokens))
    assert found.conductance[0].sum(axis=1) == pytest.approx([change] * 3, rel=0.02, abs=0.02)
    assert found.readings[-1] == pytest.approx(case.table.whole[0], abs=1e-4)
    assert abs(found.readings[0] - found.readings[-1]).max() > 1e-3


def test_the_embeddings_are_integrated_gradients() -> None:
    """Up to the tolerances of both: the way through the embeddings' norm is the way of the word embeddings."""
    case = case_for(tiny("bert"), TEXT)

    found = LayerConductance(tolerance=1e-4, most_steps=256).explain(case)

    assert found.scores == pytest.approx(IntegratedGradients(tolerance=1e-4).explain(case).scores, abs=2e-3)


def test_at_the_last_layer_everything_passes_through_the_position_that_is_read() -> None:
    """No other position of the last layer is used by the head of BERT."""
    found = LayerConductance().explain(case_for(tiny("bert"), TEXT))

    assert found.layers is not None
    assert found.layers.pooled is not None
    assert found.layers.parts[:, -1] == pytest.approx(0, abs=1e-9)
    assert found.layers.pooled[1, -1] == pytest.approx(found.output[1] - found.baseline_output[1], rel=0.01)


def test_a_classifier_that_reads_the_mean_has_no_such_position() -> None:
    """ModernBERT may be configured so."""
    case = case_for(tiny("modernbert", classifier_pooling="mean"), TEXT)

    found = LayerConductance().explain(case)

    assert found.layers is not None
    assert found.layers.pooled is None


def test_too_few_steps_are_said() -> None:
    """The warning names the residual, and the check says that it did not converge."""
    found = LayerConductance(tolerance=1e-9, most_steps=8).explain(case_for(tiny("bert"), TEXT))

    assert found.checks["converged"] == 0
    assert [notice.code for notice in found.warnings] == ["not_converged"]


def test_bounded_passes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long texts go through in pieces of the way."""
    model = tiny("bert")
    inputs = model.encode(Question(text=TEXT))
    points = np.linspace(0, 1, 8)
    at_once = model.layer_states(inputs, points, value="log-odds", targets=(0, 1))
    monkeypatch.setattr("explainers.game.batches.PROCESSOR", replace(PROCESSOR, gradients=2 * len(inputs.ids)))

    in_pieces = model.layer_states(inputs, points, value="log-odds", targets=(0, 1))

    assert in_pieces.conductance == pytest.approx(at_once.conductance, abs=1e-5)
    assert in_pieces.readings == pytest.approx(at_once.readings, abs=1e-5)
