from __future__ import annotations

import numpy as np
import pytest

from explainers.methods.relevance import Relevance, relevance
from explainers.testing import GradientModel
from tests.given import case_for
from tests.tiny import tiny


def test_two_layers_by_hand() -> None:
    """With Ā = (∇A ⊙ A)⁺: R = (I + Ā₂)(I + Ā₁) − I = Ā₁ + Ā₂ + Ā₂ Ā₁.

    Ā₁ = [[0, 1], [0, 0]] and Ā₂ = [[0, 0], [2, 0]]: the sum is [[0, 1], [2, 0]], the product [[0, 0], [0, 2]].
    """
    attentions = np.ones((2, 1, 2, 2))
    gradients = np.array([[[[0.0, 1], [0, 0]]], [[[0, 0], [2, 0]]]])

    assert relevance(attentions, gradients) == pytest.approx(np.array([[0.0, 1], [2, 2]]))


def test_negative_parts_are_cut_off_before_heads_are_averaged() -> None:
    """Heads of +1 and −3 give ½, not 0 and not −1."""
    attentions = np.ones((1, 2, 1, 1))
    gradients = np.array([[[[1.0]], [[-3.0]]]])

    assert relevance(attentions, gradients) == pytest.approx(np.array([[0.5]]))


def test_it_differs_from_class_to_class() -> None:
    """good speaks for class 1 and bad for class 0: each is seen by its own class only.

    v = Σ w_j with attention 1/T each: ∂v/∂A_h[0, j] = T/2 · w_j, times 1/T, mean over two heads: w_j / 2 · 1.
    """
    found = Relevance().explain(case_for(GradientModel({"good": (0.0, 2.0), "bad": (1.0, 0.0)}), "good bad so"))

    assert found.scores == pytest.approx(np.array([[0.0, 0.5, 0.0], [1.0, 0.0, 0.0]]), abs=1e-6)
    assert found.unit == "relevance"


def test_the_position_that_is_read_is_not_relevant_from_the_start() -> None:
    """A decoder reads the last word: the 1 it begins with says nothing about the text and is taken off."""
    found = Relevance().explain(case_for(tiny("gpt2"), "a gorgeous film"))

    assert found.scores is not None
    assert (found.scores >= 0).all()
    assert found.scores[:, -1].max() < 1


def test_where_nothing_is_relevant_there_is_no_special_share() -> None:
    """0 of 0 is no number."""
    found = Relevance().explain(case_for(GradientModel({}), "a b c"))

    assert found.scores == pytest.approx(np.zeros((2, 3)))
    assert found.checks["special_share"] is None
