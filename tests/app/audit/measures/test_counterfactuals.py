"""What changes when only the group changes."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.measures.counterfactuals import (
    Pairs,
    effect_matrix,
    flips,
    share_moved,
    spread_per_text,
    token_fairness_gap,
)


def made(clusters: list[int] | None = None) -> Pairs:
    """Text 0 with groups a → b, a → c; text 1 with b → a; one gain and one loss at the threshold."""
    return Pairs(
        before=np.array([0.4, 0.4, 0.7]),
        after=np.array([0.6, 0.42, 0.3]),
        source=np.array([0, 0, 1]),
        target=np.array([1, 2, 0]),
        texts=np.array([0, 0, 1]),
        names=("a", "b", "c"),
        clusters=None if clusters is None else np.array(clusters),
    )


def test_flips_are_counted_each_way() -> None:
    """Of three decisions two flip: one of the two below the threshold, and the one above it."""
    found = flips(made())

    assert (found.rate.value, found.gained.value, found.lost.value) == (2 / 3, 1 / 2, 1)
    assert (found.p, found.test) == (1, "McNemar, exact")


def test_clustered_flips_are_tested_by_cluster_and_have_no_row_interval() -> None:
    """Many flips of one template are one observation."""
    found = flips(made([0, 0, 0]))

    assert found.test == "sign flip of clusters"
    assert found.rate.interval is None


def test_the_matrix_is_signed_and_ordered() -> None:
    """Row a, column b is what replacing a by b does; pairs that do not occur are no number."""
    found = effect_matrix(made())

    assert found.mean[0, 1] == pytest.approx(0.2)
    assert found.mean[1, 0] == pytest.approx(-0.4)
    assert np.isnan(found.mean[2, 0])
    assert found.n.sum() == 3


def test_the_gap_is_a_mean_over_texts_of_means_over_variants() -> None:
    """Text 0: (.2 + .02)/2, text 1: .4."""
    assert token_fairness_gap(made()).value == pytest.approx((0.11 + 0.4) / 2)
    assert share_moved(made()).value == pytest.approx(2 / 3)
    assert spread_per_text(made()) == pytest.approx([0.2, 0.4])


def test_pairs_can_be_left_out() -> None:
    """Those a reviewer marked, or those whose text is of the class; nothing left is null, not 0."""
    pairs = made()

    assert len(pairs.keep(np.array([True, True, False]))) == 2
    assert token_fairness_gap(pairs.keep(np.zeros(3, dtype=bool))).value is None
