from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explainers.contract import Case, ValueName
from explainers.contract.value import value_of
from explainers.testing import AndModel, GradientModel, LinearModel, NeighbourModel, value_slopes
from tests.given import case_for

WEIGHTS = {"good": (0.1, 2.0), "bad": (0.5, -1.0)}


def test_the_linear_model_sums_the_weights_of_what_is_kept() -> None:
    """good and bad give (.6, 1), good alone (.1, 2)."""
    case = case_for(LinearModel(WEIGHTS), "good so bad")

    assert case.table.whole[0] == pytest.approx([0.6, 1.0])
    assert case.model.outputs(case.inputs, np.array([[True, True, False]]))[0] == pytest.approx([0.1, 2.0])


def test_the_and_model_needs_every_word() -> None:
    """One word less and it is 0."""
    case = case_for(AndModel(), "a b")

    assert case.table.whole.tolist() == [[-1, 1]]
    assert not case.table.leave_one_out().any()


def test_neighbours_act_together() -> None:
    """The last logit of `good bad` is 2 − 1 + tanh(2 · −1)."""
    case = case_for(NeighbourModel(WEIGHTS), "good bad")

    assert case.table.whole[0, 1] == pytest.approx(1 + np.tanh(-2))


@pytest.mark.parametrize("model", [GradientModel(WEIGHTS), NeighbourModel(WEIGHTS)], ids=["gradient", "neighbour"])
@pytest.mark.parametrize("value", ["log-odds", "logit", "probability", "margin"])
def test_gradients_are_the_slopes_of_the_way(model: Any, value: ValueName) -> None:
    """Summed over tokens, ∇v · (x − b) is the change of v along the way: the difference quotient at α = .3."""
    case = case_for(model, "good bad so good")
    step = 1e-4

    found = model.path_gradients(case.inputs, np.array([0.3 - step, 0.3, 0.3 + step]), value=value, targets=(0, 1))

    values = value_of(found.logits, value, head="single", targets=(0, 1))
    assert found.products[:, 1].sum(axis=-1) == pytest.approx((values[2] - values[0]) / (2 * step), abs=1e-5)


def test_the_way_ends_at_the_prediction_and_at_the_empty_coalition() -> None:
    """So scores can add up."""
    case = case_for(NeighbourModel(WEIGHTS), "good bad so good")

    found = case.model.path_gradients(case.inputs, np.array([0.0, 1.0]), value=case.value, targets=case.targets)

    assert found.logits == pytest.approx(np.concatenate([case.table.empty, case.table.whole]))


def test_attention_gradients_are_the_slopes_of_the_attended_sum() -> None:
    """Logits are T · mean over heads of A[0] · X: at the even attention that is the model's own sum."""
    case = case_for(GradientModel(WEIGHTS), "good bad")
    attentions, each = case.model.attention_gradients(case.inputs, value="logit", targets=[1])
    gradients = next(each)

    assert attended(case, attentions) == pytest.approx(case.table.whole[0], abs=1e-6)
    moved = attentions.copy()
    moved[0, 1, 0, 2] += 0.5
    change = attended(case, moved)[1] - attended(case, attentions)[1]
    assert gradients[0, 1, 0, 2] == pytest.approx(change / 0.5, abs=1e-6)


def test_value_slopes_by_hand() -> None:
    """The log-odds of class 0 of two rise by 1 with its own logit and fall by 1 with the other."""
    slopes = value_slopes(np.array([[0.3, -0.2]]), "log-odds", head="single", targets=(0,))

    assert slopes[0, 0] == pytest.approx([1, -1])


def attended(case: Case, attentions: Any) -> Any:
    ends = np.array([[0.0, 0.0], *(WEIGHTS[f.text] for f in case.inputs.features)])
    return len(ends) * attentions[0, :, 0].mean(axis=0) @ ends
