"""Audits of groups that do not differ find nothing, and planted gaps are found; in full by `make audit-figures`."""

from __future__ import annotations

import pytest

from tests import audit_figures


@pytest.mark.parametrize("kind", ["independent", "overlapping"])
def test_equal_groups_make_few_findings(kind: str) -> None:
    """At most 5 % of audits with 24 tests each; 120 runs allow for chance."""
    assert audit_figures.found_in_nulls(kind, 0.3, 100, 120) <= 0.13  # beyond it by chance in less than .1 %


@pytest.mark.parametrize("design", ["crossed", "nested"])
def test_clusters_that_differ_in_level_make_few_findings(design: str) -> None:
    """Templates and authors differ, groups do not."""
    assert audit_figures.found_in_clustered_nulls(design, 60) <= 0.17  # the same


def test_twice_the_detectable_gap_is_found() -> None:
    """In nine of ten audits or more."""
    assert audit_figures.planted_found(0.3, 100, 60) >= 0.9


def test_twice_the_detectable_gap_is_found_on_templates_and_two_thirds_of_it_seldom() -> None:
    """Templates that hold every group: their own level neither hides a gap nor makes it seem harder to find."""
    assert audit_figures.planted_on_templates(53, 2, 40) >= 0.9
    assert audit_figures.planted_on_templates(53, 0.7, 40) <= 0.6


def test_a_percentile_interval_of_the_spread_is_always_above_zero() -> None:
    """fairlearn's interval on equal groups."""
    assert audit_figures.peers_interval_above_zero(100, 50) == 1
