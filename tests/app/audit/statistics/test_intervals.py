"""Coverage counted exactly over every possible outcome, and the intervals against statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from app.audit.statistics import intervals

SIZES = (30, 50, 100, 300, 1000)
RATES = np.arange(0.02, 0.985, 0.02)
TAIL = 1e-9  # outcomes rarer than this are left out of the count


def wilson_coverage(n: int, rate: float) -> float:
    """The probability of all outcomes whose interval holds the rate."""
    events = np.arange(n + 1, dtype=np.float64)
    low, high = intervals.wilson_bounds(events, np.full(n + 1, float(n)))
    return float(stats.binom.pmf(events, n, rate)[(low <= rate) & (rate <= high)].sum())


def gap_coverage(n: int, rate: float, m: int, other: float) -> float:
    """The same over all pairs of outcomes."""
    sides = []
    for size, chance in ((n, rate), (m, other)):
        events = np.arange(size + 1, dtype=np.float64)
        probability = stats.binom.pmf(events, size, chance)
        kept = probability > TAIL
        sides.append((events[kept], probability[kept], np.full(int(kept.sum()), float(size))))
    (a, p, size_a), (b, q, size_b) = sides
    grid = [np.repeat(column, len(b)) for column in (a, size_a)], [np.tile(column, len(a)) for column in (b, size_b)]
    low, high = intervals.agresti_caffo_bounds((grid[0][0], grid[0][1]), (grid[1][0], grid[1][1]))
    held = (low <= rate - other) & (rate - other <= high)
    return float(np.outer(p, q).ravel()[held].sum())


def wilson_figures() -> tuple[float, float]:
    """Mean and least coverage over the whole grid."""
    found = [wilson_coverage(n, rate) for n in SIZES for rate in RATES]
    return float(np.mean(found)), min(found)


def gap_figures(sizes: tuple[int, ...] = SIZES, step: int = 1) -> tuple[float, float, float]:
    """Mean and least coverage over the grid, and the least where both samples have 100 rows or more."""
    found = {
        (n, m, a, b): gap_coverage(n, a, m, b)
        for n in sizes
        for m in sizes
        if n <= m
        for a in RATES[::step]
        for b in RATES[::step]
    }
    large = [value for (n, m, _, _), value in found.items() if min(n, m) >= 100]
    return float(np.mean(list(found.values()))), min(found.values()), min(large)


def test_wilson_covers_as_it_says() -> None:
    """On every n and rate of the grid: 95 % on average, nowhere below 92 %."""
    mean, least = wilson_figures()

    assert 0.945 <= mean <= 0.955
    assert least >= 0.92


def test_intervals_of_gaps_cover_as_they_say() -> None:
    """On a part of the grid; `make audit-figures` counts the whole."""
    mean, least, large = gap_figures((30, 100), step=6)

    assert 0.945 <= mean <= 0.96
    assert least >= 0.90
    assert large >= 0.94


def test_opposite_extremes_are_covered() -> None:
    """Where Newcombe's interval falls to 93.7 %: two samples of 100, one rate near 0 and the other near 1."""
    found = [gap_coverage(100, rate, 100, other) for rate, other in ((0.06, 0.94), (0.04, 0.96), (0.84, 0.18))]

    assert min(found) >= 0.94


def test_the_interval_of_a_published_example() -> None:
    """High-dose against standard epinephrine, 7 of 34 and 1 of 34 survived (Perondi et al. 2004; Fagerland et al. 2017,
    The 2 x 2 Table: .012 to .32)."""
    found = intervals.agresti_caffo(7, 34, 1, 34)
    assert found is not None

    assert (round(found.low, 3), round(found.high, 2)) == (0.012, 0.32)
    certain = intervals.agresti_caffo(10, 10, 0, 10)
    assert certain is not None
    assert certain.high == 1.0


def test_intervals_are_those_of_statsmodels() -> None:
    """To rounding."""
    one = intervals.wilson(7, 40)
    gap = intervals.agresti_caffo(7, 40, 30, 90)
    assert one is not None
    assert gap is not None

    assert (one.low, one.high) == pytest.approx(proportion_confint(7, 40, method="wilson"), abs=1e-12)
    expected = confint_proportions_2indep(7, 40, 30, 90, method="agresti-caffo")
    assert (gap.low, gap.high) == pytest.approx(expected, abs=1e-12)


def test_no_rows_no_interval() -> None:
    """Nothing is not a rate of 0."""
    assert intervals.wilson(0, 0) is None
    assert intervals.agresti_caffo(0, 0, 1, 2) is None
    assert intervals.welch(np.array([1.0]), np.array([1.0, 2.0])) is None


def test_welch_is_scipys() -> None:
    """Two samples of unequal spread."""
    rng = np.random.default_rng(3)
    one, other = rng.normal(0, 1, 40), rng.normal(0.5, 3, 25)
    found = intervals.welch(one, other)
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert found is not None

    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
