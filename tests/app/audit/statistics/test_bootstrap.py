"""Intervals by resampling clusters, and BCa."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.statistics import bootstrap


def test_fewer_than_twenty_templates_give_no_interval() -> None:
    """However many rows they make."""
    rows, clusters = np.ones(1_900), np.repeat(np.arange(19), 100)
    half = np.arange(1_900) % 2 == 0

    assert bootstrap.cluster_gap_interval(rows, half, ~half, clusters) is None


def test_the_design_is_read_off_the_rows() -> None:
    """A template holds every group; an author belongs to one."""
    inside = np.array([[True], [False], [True], [False]])

    assert bootstrap.cluster_design(inside, ~inside, np.array([0, 0, 1, 1])) == "crossed"
    assert bootstrap.cluster_design(inside, ~inside, np.array([0, 1, 0, 1])) == "nested"


@pytest.mark.parametrize("design", ["crossed", "nested"])
def test_intervals_of_clustered_gaps_cover(design: str) -> None:
    """Thirty clusters of eight rows whose levels differ; a bootstrap of rows would cover far less when nested."""
    rng = np.random.default_rng(0)
    held, runs = 0, 200
    for run in range(runs):
        clusters = np.repeat(np.arange(60), 8)
        levels = rng.normal(0, 1, 60)
        inside = (np.arange(480) % 2 == 0) if design == "crossed" else clusters < 30
        values = levels[clusters] + rng.normal(0, 0.5, 480)
        found = bootstrap.cluster_gap_interval(
            values, inside, ~inside, clusters, design=design, seed=run, resamples=400
        )
        assert found is not None
        held += 0 in found

    assert 0.90 <= held / runs <= 0.99


def test_bca_of_a_mean_is_close_to_the_t_interval() -> None:
    """For a symmetric sample."""
    values = np.random.default_rng(1).normal(3, 1, 80)
    found = bootstrap.bca(lambda rows: float(values[rows].mean()), 80)
    assert found is not None
    half = 1.99 * values.std(ddof=1) / 80**0.5

    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)
    assert bootstrap.bca(lambda rows: 1.0, 20) is None
