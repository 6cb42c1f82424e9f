"""Shapley values and interactions of an inner product, against the whole game."""

from __future__ import annotations

import numpy as np
import pytest

from explainers.contract import FloatArray
from explainers.game.product import Coalitions, Side, coalitions_of, least_budget, product_values
from explainers.game.shapley import all_coalitions
from explainers.methods.interactions import shapley_interactions

RNG = np.random.default_rng(7)


def numbers(keep: np.ndarray) -> np.ndarray:
    """Of each set its number in all_coalitions."""
    return (keep * (1 << np.arange(keep.shape[1]))).sum(axis=1)


def brute(first: FloatArray, second: FloatArray, players: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
    joint = all_coalitions(sum(players))
    one, other = np.split(joint, [players[0]], axis=1)
    values = (first[numbers(one)] * second[numbers(other)]).sum(axis=1, keepdims=True)
    scores, pairs = shapley_interactions(values, sum(players))
    return scores[0], pairs[0]


def exactly(players: int) -> Coalitions:
    return coalitions_of(players, budget=0, seed=0, exact_players=10)


@pytest.mark.parametrize("players", [(4, 4), (1, 5), (3, 0), (6, 2)])
def test_all_vectors_give_what_all_pairs_give(players: tuple[int, int]) -> None:
    """Any function of either side's set, with a direction of its own for the empty one."""
    first, second = (RNG.normal(size=(2**count, 6)) for count in players)
    scores, pairs = brute(first, second, players)

    found = product_values(Side(exactly(players[0]), first), Side(exactly(players[1]), second))

    assert found.scores == pytest.approx(scores, abs=1e-12)
    assert found.pairs == pytest.approx(pairs, abs=1e-12)
    assert found.score_errors is None


def smooth(players: int) -> FloatArray:
    """Unit vectors of sums with some products, as an encoder's pooled states are."""
    keep = all_coalitions(players).astype(float)
    sums = keep @ RNG.normal(size=(players, 8)) + RNG.normal(size=8)
    products = (keep[:, :-1] * keep[:, 1:]) @ RNG.normal(size=(players - 1, 8))
    made = sums + products / 2
    unit: FloatArray = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def test_a_sample_comes_near_and_says_how_near() -> None:
    """Over ten seeds: complete, within a few percent, and nine in ten of the truths lie within two errors."""
    players = (9, 8)
    first, second = (smooth(count) for count in players)
    scores, pairs = brute(first, second, players)
    above = np.triu_indices(sum(players), 1)
    deviations, distances = [], []
    for seed in range(10):
        sets = [coalitions_of(n, budget=160, seed=2 * seed + k, exact_players=2) for k, n in enumerate(players)]
        one, other = (
            Side(drawn, vectors[numbers(drawn.keep)]) for drawn, vectors in zip(sets, (first, second), strict=True)
        )
        found = product_values(one, other)
        assert found.score_errors is not None
        assert found.pair_errors is not None
        assert found.scores.sum() == pytest.approx(first[-1] @ second[-1] - first[0] @ second[0], abs=1e-12)
        assert np.array_equal(found.pairs, found.pairs.T)
        distances.append(np.linalg.norm(found.scores - scores) / np.linalg.norm(scores))
        deviations += [*((found.scores - scores) / found.score_errors)]
        deviations += [*((found.pairs - pairs)[above] / found.pair_errors[above])]

    assert np.mean(distances) < 0.1
    assert np.mean(np.abs(deviations) < 2) > 0.9
    assert 0.3 < np.sqrt(np.mean(np.square(deviations))) < 1.5


def test_a_budget_that_misses_sizes_is_refused() -> None:
    """An estimate would have no part of the sets of those sizes."""
    with pytest.raises(ValueError, match=str(least_budget(40))):
        coalitions_of(40, budget=least_budget(40) - 1, seed=0, exact_players=10)
    assert set(coalitions_of(40, budget=least_budget(40), seed=0, exact_players=10).keep.sum(axis=1)) == set(range(41))
