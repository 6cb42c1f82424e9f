"""The smallest gap that rows can show."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.statistics import power
from app.audit.statistics.stratified import strata_of


def test_the_formula_by_hand() -> None:
    """Rate .1, 214 against 1,240 rows, one test: (1.96 + .8416) · sqrt(.09 · (1/214 + 1/1240))."""
    expected = (1.959964 + 0.841621) * (0.09 * (1 / 214 + 1 / 1240)) ** 0.5

    assert power.detectable_gap(0.1, 214, 1240) == pytest.approx(expected, rel=1e-5)
    assert power.detectable_gap(0.1, 0, 10) is None
    assert (power.detectable_gap(0.0, 40, 40) or 0) > 0


def test_more_tests_and_clusters_hide_more() -> None:
    """Both raise what must be there to be seen."""
    alone = power.detectable_gap(0.2, 100, 100) or 0

    assert (power.detectable_gap(0.2, 100, 100, tests=20) or 0) > alone
    assert power.detectable_gap(0.2, 100, 100, inflation=4.0) == pytest.approx(2 * alone)


def test_intraclass_correlation_of_the_extremes() -> None:
    """Rows that all agree with their cluster: 1; rows that know nothing of it: 0."""
    clusters = np.repeat(np.arange(50), 10)
    noise = np.random.default_rng(0).normal(size=500)

    assert power.intraclass_correlation(clusters.astype(float), clusters) == pytest.approx(1)
    assert power.intraclass_correlation(noise, clusters) == pytest.approx(0, abs=0.05)
    assert power.design_effect(clusters.astype(float), clusters) == pytest.approx(10)
    assert power.design_effect(noise, None) == 1


def test_a_level_that_every_group_shares_hides_nothing() -> None:
    """Half of the variance lies between clusters: within them the gap has the error of the other half, also where some
    clusters hold more of the group than others."""
    clusters = np.repeat(np.arange(400), 10)
    rng = np.random.default_rng(0)
    values = rng.normal(size=400)[clusters] + rng.normal(size=4000)
    for inside in (np.arange(4000) % 10 == 0, rng.random(4000) < rng.random(400)[clusters]):
        strata = strata_of(values, inside[:, None], ~inside[:, None], clusters)

        assert strata.error[0] == pytest.approx(strata.weight.sum() ** -0.5, rel=0.05)
    assert power.design_effect(values, clusters) == pytest.approx(1 + 9 * 0.5, rel=0.1)
