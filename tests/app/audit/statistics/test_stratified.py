"""Gaps within strata: the number, its exact test, its interval."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from app.audit.data.values import Reason
from app.audit.statistics.exact import fisher, stratified_fisher
from app.audit.statistics.intervals import wilson
from app.audit.statistics.stratified import nested_interval, strata_of


def test_the_gap_is_mantel_and_haenszels() -> None:
    """Two templates by hand: gaps .5 and 1 at weights 2·2/4 and 1·3/4."""
    values = np.array([1, 1, 1, 0, 1, 0, 0, 0], dtype=float)
    template = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    inside = np.array([True, True, False, False, True, False, False, False])
    found = strata_of(values, inside[:, None], ~inside[:, None], template)

    assert found.gap[0] == pytest.approx((1 * 0.5 + 0.75 * 1) / 1.75)
    assert found.shared[0] == 2


def test_a_group_that_met_harder_templates_does_not_answer_for_them() -> None:
    """Rates of .1 and .7 by template, a group of 80 % of the harder ones and a gap of its own of .1."""
    rng = np.random.default_rng(0)
    template = np.repeat(np.arange(400), 10)
    hard = np.repeat(np.arange(400) % 2 == 0, 10)
    inside = rng.random(4_000) < np.where(hard, 0.8, 0.2)
    values = (rng.random(4_000) < np.where(hard, 0.7, 0.1) + 0.1 * inside).astype(float)
    found = strata_of(values, inside[:, None], ~inside[:, None], template)

    assert values[inside].mean() - values[~inside].mean() > 0.4
    assert found.gap[0] == pytest.approx(0.1, abs=0.05)


def test_a_template_of_one_side_alone_says_nothing() -> None:
    """Nor is there a gap where that is so of every template."""
    values, template = np.array([1.0, 0.0, 1.0]), np.array([0, 0, 1])
    inside = np.array([[True, True], [True, False], [False, False]])
    found = strata_of(values, inside, ~inside, template)

    assert np.isnan(found.gap[0])
    assert (found.gap[1], found.shared.tolist()) == (1.0, [0, 1])


@pytest.mark.parametrize(("design", "gap"), [("crossed", 0.0), ("crossed", 0.25), ("nested", 0.0), ("nested", 0.25)])
def test_intervals_cover_as_they_say(design: str, gap: float) -> None:
    """Clusters that differ in level: within unbalanced templates, and between authors of one group each."""
    rng = np.random.default_rng(1)
    held, runs, clusters = 0, 400, np.repeat(np.arange(60), 8)
    for _ in range(runs):
        level = 0.6 * rng.beta(2, 3, 60)[clusters]
        inside = rng.random(480) < level + 0.1 if design == "crossed" else clusters < 30
        values = (rng.random(480) < level + gap * inside).astype(float)
        if design == "crossed":
            found = strata_of(values, inside[:, None], ~inside[:, None], clusters).interval(0, 0.95, rate=True)
        else:
            found = nested_interval(values, inside, ~inside, clusters, 0.95, rate=True)
        assert found is not None
        held += gap in found

    assert 0.925 <= held / runs <= 0.99


def test_no_events_are_no_certainty() -> None:
    """Thirty templates without one: the interval is as wide as one event would make it. Fewer than 20 have none."""
    values, clusters = np.zeros(120), np.repeat(np.arange(30), 4)
    inside = np.arange(120) % 4 == 0
    found = strata_of(values, inside[:, None], ~inside[:, None], clusters)
    crossed, nested = found.interval(0, 0.9, rate=True), nested_interval(
        values, clusters % 2 == 0, clusters % 2 == 1, np.arange(120) // 2, 0.9, rate=True
    )  # fmt: skip
    certain = found.interval(0, 0.9, rate=False)
    few = clusters < 19

    assert crossed is not None
    assert crossed.high > 0.05
    assert nested is not None
    assert nested.high > 0.05
    assert certain is not None
    assert certain.note is Reason.NO_VARIATION
    assert (
        strata_of(values[few], inside[few, None], ~inside[few, None], clusters[few]).interval(0, 0.9, rate=True) is None
    )


def test_one_stratum_is_fishers_test() -> None:
    """As scipy has it."""
    assert fisher(3, 10, 9, 12) == pytest.approx(stats.fisher_exact([[3, 7], [9, 3]])[1])


def test_the_exact_test_counts_every_arrangement_out() -> None:
    """Three strata, every choice of which rows are the group's."""
    n, m, own, other = (np.array(counts) for counts in ([2, 1, 2], [2, 3, 1], [2, 1, 1], [0, 1, 1]))
    ways: dict[int, int] = {}
    tables = []
    for size, rest, events in zip(n, m, own + other, strict=True):
        rows = [1] * events + [0] * (size + rest - events)
        tables.append([sum(rows[i] for i in chosen) for chosen in _choices(size + rest, size)])
    for drawn in product(*tables):
        ways[sum(drawn)] = ways.get(sum(drawn), 0) + 1
    likely = ways[int(own.sum())]
    expected = sum(count for count in ways.values() if count <= likely) / sum(ways.values())

    assert stratified_fisher(own, n, other, m) == pytest.approx(expected)


def _choices(n: int, k: int) -> list[tuple[int, ...]]:
    return list(combinations(range(n), k))


def test_many_rows_are_tested_by_the_normal_law() -> None:
    """Above 20,000 outcomes; just below them the exact test says nearly the same."""
    exact = fisher(9_600, 19_000, 9_300, 19_000)
    near = fisher(19_200, 38_000, 18_800, 38_000)

    assert exact == pytest.approx(
        2 * stats.norm.sf(300 / (38_000 * 18_900 / 38_000 * 19_100 / 38_000) ** 0.5), rel=0.05
    )
    assert near == pytest.approx(2 * stats.norm.sf(400 / (76_000 * 0.25) ** 0.5), rel=0.05)


@pytest.mark.parametrize(("gap", "beside"), [(0.03, 0.002), (0.1, 0.002), (0.5, 0.002), (0.1, 0.3)])
def test_ends_of_rare_events_hold_on_either_side(gap: float, beside: float) -> None:
    """A group that stands once in each of 53 templates among 50: neither end of a 95 % interval lies beyond the gap
    much oftener than in 2.5 % of the cases. Of 5 of 53 against hardly any it is close to Wilson's."""
    rng = np.random.default_rng(2)
    clusters, inside = np.repeat(np.arange(53), 50), np.tile(np.arange(50) == 0, 53)
    missed = np.zeros(2)
    for _ in range(200):
        values = (rng.random(2_650) < beside + gap * inside).astype(float)
        found = strata_of(values, inside[:, None], ~inside[:, None], clusters).interval(0, 0.95, rate=True)
        assert found is not None
        missed += [gap < found.low, gap > found.high]
    five = (inside & (clusters < 5)).astype(float)
    seen = strata_of(five, inside[:, None], ~inside[:, None], clusters).interval(0, 0.95, rate=True)
    wilson_ends = wilson(5, 53)

    assert (missed / 200 <= 0.065).all()
    assert seen is not None
    assert wilson_ends is not None
    assert (seen.low, seen.high) == pytest.approx((wilson_ends.low, wilson_ends.high), abs=0.02)
