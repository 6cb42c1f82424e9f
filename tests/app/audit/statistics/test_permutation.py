"""The permutation tests against all arrangements counted out, and what they say of groups that do not differ."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from app.audit.statistics import permutation
from tests.audit_rows import named, overlapping, partition


def counted_out(values: np.ndarray, inside: np.ndarray) -> tuple[float, float]:
    """p of the first group against the rest and of the spread, over every arrangement of the values."""

    def gap(moved: np.ndarray) -> float:
        return abs(moved[inside[:, 0]].mean() - moved[~inside[:, 0]].mean())

    sizes, shared = inside.sum(axis=0), inside.T.astype(float) @ inside
    variances = [
        1 / sizes[i] + 1 / sizes[j] - 2 * shared[i, j] / sizes[i] / sizes[j] for i in range(3) for j in range(i)
    ]

    def spread(moved: np.ndarray) -> float:
        means = moved @ inside / sizes
        return max(
            abs(means[i] - means[j]) / variances[i * (i - 1) // 2 + j] ** 0.5 for i in range(3) for j in range(i)
        )

    arrangements = [np.array(moved) for moved in permutations(values)]
    return (
        float(np.mean([gap(moved) >= gap(values) - 1e-9 for moved in arrangements])),
        float(np.mean([spread(moved) >= spread(values) - 1e-9 for moved in arrangements])),
    )


@pytest.mark.parametrize("values", [[1, 1, 0, 1, 0, 0, 0], [0.9, 0.8, 0.1, 0.4, 0.2, 0.3, 0.0]])
def test_p_is_the_share_of_all_arrangements(values: list[float]) -> None:
    """Seven rows in three overlapping groups; events are dealt by the hypergeometric law, numbers are shuffled."""
    rows = np.array(values, dtype=np.float64)
    inside = np.array([[1, 0, 0], [1, 0, 1], [0, 1, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1], [0, 0, 1]], dtype=bool)
    found = permutation.gap_test(rows, inside, ~inside, permutations=20_000, seed=0)
    p, spread_p = counted_out(rows, inside)

    assert found.p_values[0] == pytest.approx(p, abs=0.015)
    assert found.spread_p == pytest.approx(spread_p, abs=0.015)


def test_dealing_and_shuffling_agree() -> None:
    """Two ways to the same law, here with blocks."""
    rng = np.random.default_rng(2)
    members = overlapping(3, 40, rng)
    values, blocks = (rng.random(120) < 0.3).astype(np.float64), np.arange(120) % 6
    parts = (values, members.inside, members.background, blocks)
    dealt = permutation._Dealing(
        values, np.arange(120), blocks, (members.inside, members.background), np.random.default_rng(0)
    )(4_000)[0]
    moved = permutation._Moving(*parts, np.random.default_rng(1))(4_000)[0]

    assert dealt.mean(axis=0) == pytest.approx(moved.mean(axis=0), abs=0.2)
    assert dealt.std(axis=0) == pytest.approx(moved.std(axis=0), rel=0.06)


def test_a_block_explains_its_own_gap() -> None:
    """A group that only met harder templates is not treated differently within any of them."""
    rng = np.random.default_rng(3)
    blocks = np.repeat([0, 1], 200)
    inside = rng.random(400) < np.where(blocks, 0.8, 0.2)
    values = (rng.random(400) < np.where(blocks, 0.7, 0.1)).astype(np.float64)
    members = named(inside[:, None])
    blind = permutation.gap_test(values, members.inside, members.background)
    seeing = permutation.gap_test(values, members.inside, members.background, blocks=blocks)

    assert blind.p_values[0] < 0.01 < seeing.p_values[0]


def test_equal_groups_show_a_gap_that_chance_explains() -> None:
    """Seven groups of 100, equal accuracy: fairlearn's bootstrap interval of max − min excludes 0 in every run."""
    rng = np.random.default_rng(4)
    members = partition(7, 100)
    bootstraps_above, found, observed, expected = 0, 0, [], []
    for run in range(40):
        right = (rng.random(700) < 0.8).astype(np.float64)
        drawn = rng.binomial(100, (right @ members.inside) / 100, (200, 7)) / 100
        bootstraps_above += bool(np.quantile(np.ptp(drawn, axis=1), 0.025) > 0)
        test = permutation.gap_test(right, members.inside, members.background, permutations=199, seed=run)
        assert test.spread_p is not None
        assert test.chance is not None
        found += test.spread_p <= 0.05
        observed.append(np.ptp(right @ members.inside / 100))
        expected.append(test.chance.mean)

    assert bootstraps_above == 40
    assert found <= 6  # of 40 at 5 %: more has a probability below .7 %
    assert np.mean(observed) == pytest.approx(np.mean(expected), abs=0.02)


def test_two_names_for_the_same_rows_never_differ() -> None:
    """Their difference has no spread to be measured by."""
    inside = np.repeat(np.arange(40) < 20, 2).reshape(40, 2)
    found = permutation.gap_test((np.arange(40) % 2).astype(np.float64), inside, ~inside, permutations=199)

    assert found.spread_p == 1
    assert found.chance is not None


def test_sequential_p_stops_where_chance_is_plainly_as_large() -> None:
    """A true null stops after some forty draws, a strong effect goes to the end."""
    rng, drawn = np.random.default_rng(5), []

    def draw(size: int, wanted: np.ndarray) -> np.ndarray:
        drawn.append(size)
        return rng.random((size, 1))

    null = permutation.sequential_p(np.array([0.5]), draw, most=1_000, batch=10)
    needed = sum(drawn)
    strong = permutation.sequential_p(np.array([2.0]), draw, most=1_000, batch=10)

    assert null[0] == pytest.approx(0.5, abs=0.3)
    assert needed < 100
    assert strong[0] == 1 / 1_001
    assert sum(drawn) - needed == 1_000


def test_one_group_within_blocks_is_counted_out() -> None:
    """Blocks with one row of the group, whose row alone is drawn, and one with two, whose rows are shuffled: every
    arrangement counted."""
    values = np.array([0.9, 0.2, 0.1, 0.8, 0.3, 0.7, 0.6, 0.1, 0.0])
    blocks = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])
    inside = np.array([1, 0, 0, 1, 0, 1, 1, 0, 0], dtype=bool)
    sums = [
        values[a] + values[b] + values[list(pair)].sum()
        for a in (0, 1, 2)
        for b in (3, 4)
        for pair in combinations((5, 6, 7, 8), 2)
    ]
    centre = np.mean(sums)
    expected = np.mean([abs(each - centre) >= abs(values[inside].sum() - centre) - 1e-9 for each in sums])
    drawn = permutation._block_sums(values, inside, blocks, np.random.default_rng(0))(20_000)
    p = permutation.sequential_block_p(values, inside, blocks, most=20_000, seed=0)

    assert np.std(drawn) == pytest.approx(np.std(sums), rel=0.02)
    assert np.mean(drawn) == pytest.approx(centre, rel=0.02)
    assert p == pytest.approx(expected, abs=0.03)
    assert permutation.sequential_block_p(np.ones(9), inside, blocks, most=999, seed=0) == 1


def test_groups_of_a_design_that_is_not_balanced_have_the_levels_they_were_given() -> None:
    """Least squares beside the blocks: the means would give the group that met harder blocks their level too."""
    rng = np.random.default_rng(6)
    blocks = np.repeat(np.arange(200), 6)
    level = rng.normal(0, 1, 200)
    of = np.minimum((rng.random(1_200) * 3 * np.where(level[blocks] > 0, 0.7, 1.3)).astype(int), 2)
    inside = of[:, None] == np.arange(3)
    values = level[blocks] + np.array([0.0, 0.2, 0.4])[of] + rng.normal(0, 0.2, 1_200)
    found = permutation.gap_test(values, inside, ~inside, blocks=blocks, permutations=199)
    means = values @ inside / inside.sum(axis=0)

    assert np.diff(found.levels) == pytest.approx([0.2, 0.2], abs=0.05)
    assert np.diff(means)[-1] < 0
    assert (found.spread_p or 1) < 0.01
