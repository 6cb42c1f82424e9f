"""bf16 is for masked evaluations alone, and only where it was checked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from explainers.contract import Question
from explainers.models.networks.half import HalfCheck, check_coalitions, compare, half_copy, layer_stack
from tests.tiny import ARCHITECTURES, tiny


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_only_the_layers_are_in_bf16(name: str) -> None:
    """Embeddings, pooler and head are the very tensors of the fp32 network."""
    module = tiny(name)._network.module
    copied = half_copy(module)
    layers = {id(p) for p in layer_stack(copied).parameters()}
    original = {p.data_ptr() for p in module.parameters()}

    for parameter in copied.parameters():
        inside = id(parameter) in layers
        assert (parameter.dtype == torch.bfloat16) == inside
        assert (parameter.data_ptr() in original) != inside
    assert all(p.dtype == torch.float32 for p in module.parameters())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_bf16_outputs_are_near_those_of_fp32(name: str) -> None:
    """Three significant digits of bf16: far from equal, far from wrong."""
    model = tiny(name, labels=3)
    found = model.half_check

    assert found.rank_agreement > 0.9
    assert 1e-4 < found.value_error < 0.1


def test_the_check_needs_processor_order_and_size() -> None:
    """Each of the three alone can refuse bf16."""
    good = {"supported": True, "rank_agreement": 0.99, "value_error": 0.01}

    assert HalfCheck(**good).ok
    for worse in ({"supported": False}, {"rank_agreement": 0.9}, {"value_error": 0.2}):
        assert not HalfCheck(**{**good, **worse}).ok


def test_comparison_by_hand() -> None:
    """One swapped pair of three: τ = (2 − 1) / 3; error = ‖(0, .5, −1)‖ / ‖(−1, 0, 1)‖."""
    exact = np.array([[1.0], [2.0], [3.0]])
    rough = np.array([[1.0], [2.5], [2.0]])

    found = compare(exact, rough, supported=True)

    assert found.rank_agreement == pytest.approx(1 / 3)
    assert found.value_error == pytest.approx(np.sqrt(1.25) / np.sqrt(2))


def test_constant_logits_are_no_failure() -> None:
    """A model that answers always the same has no order to keep."""
    found = compare(np.ones((4, 2)), np.ones((4, 2)), supported=True)

    assert (found.rank_agreement, found.value_error) == (1.0, 0.0)


def test_check_coalitions_are_fixed_and_of_all_sizes() -> None:
    """The self-check asks the same question every time."""
    keep = check_coalitions(10)

    np.testing.assert_array_equal(keep, check_coalitions(10))
    assert len(np.unique(keep.sum(axis=1))) > 5


def test_predictions_are_never_in_bf16() -> None:
    """Asking masked rows in bf16 leaves the served number alone."""
    model = tiny("bert")
    inputs = model.encode(Question(text="the film is not bad"))
    before = model.predict([inputs])
    rough = model.outputs(inputs, np.ones((1, 5), dtype=bool), precision="bf16")

    np.testing.assert_array_equal(model.predict([inputs]), before)
    assert np.abs(rough - before).max() > 0
