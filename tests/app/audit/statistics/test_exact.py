"""Exact tests against scipy, and sign flips against all patterns counted out."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from app.audit.statistics import exact


def test_fisher_is_scipys() -> None:
    """On two hundred random tables, also with empty rows and columns of events."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, m = (int(size) for size in rng.integers(1, 60, 2))
        a, b = int(rng.integers(0, n + 1)), int(rng.integers(0, m + 1))
        expected = stats.fisher_exact([[a, n - a], [b, m - b]]).pvalue

        assert exact.fisher(a, n, b, m) == pytest.approx(expected, abs=1e-10)


def test_mcnemar_is_a_fair_coin() -> None:
    """Two flips one way and eight the other: twice the chance of two heads or fewer in ten throws."""
    assert exact.mcnemar(2, 8) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert exact.mcnemar(5, 5) == exact.mcnemar(0, 0) == 1


def test_sign_flips_of_few_clusters_are_counted_out() -> None:
    """Five clusters: 32 patterns of signs."""
    totals = np.array([3.0, 1.0, -0.5, 2.0, 4.0])
    sums = [
        abs(sum(sign * total for sign, total in zip(signs, totals, strict=True)))
        for signs in product((1, -1), repeat=5)
    ]
    expected = np.mean(np.array(sums) >= abs(totals.sum()) - 1e-9)

    assert exact.sign_flip(totals, np.arange(5), seed=0) == expected


def test_rows_of_one_cluster_count_as_one() -> None:
    """A hundred flips in one template are one piece of evidence, not a hundred."""
    flips = np.ones(100)

    assert exact.sign_flip(flips, np.zeros(100, dtype=np.int64), seed=0) == 1
    assert exact.sign_flip(flips, np.arange(100), seed=0) < 0.001
