"""What is counted without scipy is what scipy counts."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from app.audit.statistics.exact import fisher, mcnemar
from app.audit.statistics.normal import log_factorial, quantile, two_sided


def test_the_normal_law_is_scipys() -> None:
    shares = np.array([1e-12, 1e-4, 0.025, 0.5, 0.8, 0.975, 1 - 1e-9])
    z = np.array([-40.0, -8.0, -1.96, 0.0, 0.3, 5.0])

    assert [quantile(share) for share in shares] == pytest.approx(special.ndtri(shares), rel=1e-13, abs=1e-15)
    assert two_sided(z) == pytest.approx(2 * special.ndtr(-np.abs(z)), rel=1e-12)
    assert float(two_sided(1.5)) == pytest.approx(2 * special.ndtr(-1.5), rel=1e-14)


def test_factorials_are_scipys() -> None:
    """Where the table ends and far beyond it."""
    counts = np.array([0, 1, 2, 14, 15, 16, 17, 100, 12_345, 10**6, 10**9])

    assert log_factorial(counts) == pytest.approx(special.gammaln(counts + 1), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("counts", [(3, 9, 1, 12), (0, 5, 7, 9), (400, 900, 7_000, 20_000), (15, 20, 700_000, 999_980)])
def test_fisher_and_mcnemar_are_scipys(counts: tuple[int, int, int, int]) -> None:
    right, n, other, m = counts
    table = [[right, n - right], [other, m - other]]

    assert fisher(*counts) == pytest.approx(stats.fisher_exact(table)[1], rel=1e-6)
    assert mcnemar(right, n) == pytest.approx(stats.binomtest(right, right + n).pvalue, rel=1e-9)
