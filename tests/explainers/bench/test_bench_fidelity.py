"""Estimators of the benchmark against games whose Shapley values are known."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.bench.fidelity import (
    antithetic,
    errors_of,
    game_of,
    least_squares,
    overlap_of,
    reference,
    relative_error,
    sampled_values,
    seed_errors,
    shap_values,
    top_overlap,
    whence_values,
)
from explainers.contract import BoolArray, FloatArray
from explainers.game.shapley import all_coalitions, exact
from explainers.testing import AndModel, LinearModel, NeighbourModel
from tests.given import case_for

WEIGHTS = {"good": (0.0, 2.0), "bad": (0.0, -1.0), "fine": (0.0, 0.5)}
SIX = "good bad fine a b c"


def test_relative_error() -> None:
    """(3, 4) against (0, 4): 3 / 4."""
    assert relative_error(np.array([3.0, 4.0]), np.array([0.0, 4.0])) == pytest.approx(0.75)


def test_antithetic_permutation_is_exact_on_an_additive_game() -> None:
    """Every walk gives every player its weight, in whatever order."""
    case = case_for(LinearModel(WEIGHTS), SIX)

    assert antithetic(game_of(case), 6, budget=12, seed=0) == pytest.approx([2, -1, 0.5, 0, 0, 0])


def test_antithetic_permutation_comes_near_the_values() -> None:
    """Pair effects are split exactly within a pair of walks; others are averaged over orders."""
    case = case_for(NeighbourModel(WEIGHTS), "good fine good bad fine")
    game = game_of(case)
    keep = all_coalitions(5)
    wanted = exact(game(keep)[:, None], keep)[:, 0]
    errors = [relative_error(antithetic(game, 5, budget=b, seed=1), wanted) for b in (10, 4000)]

    assert errors[1] < 0.02
    assert errors[1] <= errors[0]


def test_antithetic_permutation_splits_a_pair_effect_exactly() -> None:
    """v = x0 x1: half each, after a single pair of walks."""

    def game(keep: BoolArray) -> FloatArray:
        return (keep[:, 0] & keep[:, 1]).astype(float)

    assert antithetic(game, 4, budget=8, seed=3) == pytest.approx([0.5, 0.5, 0, 0])


def test_antithetic_permutation_keeps_to_its_budget() -> None:
    """Whole and empty, and 2 (n − 1) rows a pair of walks: 2 + 3 · 10 fit into 40."""
    rows = []

    def game(keep: BoolArray) -> FloatArray:
        rows.append(len(keep))
        return keep.sum(axis=1).astype(float)

    antithetic(game, 6, budget=40, seed=0)

    assert sum(rows) == 32


def test_the_reference_is_exact_while_that_is_affordable() -> None:
    """The joint effect of all six words: a sixth each, and no distance between runs."""
    values, distance = reference(case_for(AndModel(), SIX), rows=16)

    assert values == pytest.approx(np.full(6, 2 / 6))  # log-odds from 0 to 2
    assert distance is None


def test_weighted_least_squares_of_all_coalitions_are_the_shapley_values() -> None:
    """Lundberg & Lee 2017, theorem 2."""
    game = game_of(case_for(NeighbourModel(WEIGHTS), "good fine good bad fine"))
    keep = all_coalitions(5)

    assert least_squares(game, 5, rows=32, seed=0) == pytest.approx(exact(game(keep)[:, None], keep)[:, 0])


@pytest.mark.parametrize("name", ["partition", "permutation"])
def test_shap_plays_the_same_game(name: str) -> None:
    """On an additive game its explainers have nothing to estimate."""
    case = case_for(LinearModel(WEIGHTS), SIX)

    assert shap_values(case, name, seed=0) == pytest.approx([2, -1, 0.5, 0, 0, 0])
    assert whence_values(case) == pytest.approx([2, -1, 0.5, 0, 0, 0])


def test_errors_of_one_text() -> None:
    """Exact up to ten players; a fake has no bf16."""
    found = errors_of(NeighbourModel(WEIGHTS), "good fine good bad fine good", rows=16, seeds=1)

    assert found["whence"] == pytest.approx(0, abs=1e-9)
    assert found["partition"] >= 0
    assert found["permutation"] >= 0
    assert found["whence_bf16"] is None


def test_errors_over_seeds_are_of_equal_budgets() -> None:
    """With fewer evaluations than coalitions both are estimates, so both err on a game with triples."""
    found = seed_errors(AndModel(), ["good fine good bad fine good a"], budgets=(40,), seeds=3)

    assert set(found) == {"40"}
    assert found["40"]["ratio"] == pytest.approx(found["40"]["whence"] / found["40"]["antithetic"])


def test_more_evaluations_than_asked_are_never_used() -> None:
    """The exact table serves the estimator, but it asks for no more rows than its budget."""
    case = case_for(LinearModel(WEIGHTS), SIX)

    sampled_values(case, budget=20, seed=0)

    assert case.table.evaluations <= 20 + 6  # leave-one-out comes first, whoever asks


def test_overlap_counts_the_strongest_by_size() -> None:
    """{0, 1} and {0, 2}: one of two."""
    first, second = np.array([-3.0, 2.0, 1.0]), np.array([3.0, 1.0, -2.0])

    assert top_overlap([first, second], top=2) == pytest.approx(0.5)
    assert overlap_of(LinearModel(WEIGHTS), [SIX], seeds=2) == 1
