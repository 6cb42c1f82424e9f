"""The permutation test of areas: its shortcuts against plain counting, and its law."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.data.groups import Membership
from app.audit.data.values import Rows
from app.audit.measures import rankings
from app.audit.measures.metrics import RANKINGS
from app.audit.measures.ranking import bias_aucs, subgroup_aucs
from tests.audit_rows import named, overlapping, rows


@pytest.mark.parametrize("comparison", ["complement", "no_group", "unknown"])
@pytest.mark.parametrize("measure", RANKINGS)
def test_what_is_counted_by_difference_is_the_plain_area(measure: str, comparison: str) -> None:
    """Values and references, with ties, for every kind of background."""
    rng = np.random.default_rng(0)
    made, members = rows(300, rng, ties=True), named(rng.random((300, 3)) < 0.3)
    if comparison == "no_group":
        members = members.against("no_group")
    if comparison == "unknown":
        blank = rng.random(300)[:, None] < 0.2
        members = Membership(members.names, members.axes, members.inside & ~blank, members.background & ~blank)
    positive = np.asarray(made.labels)
    ranks = np.unique(made.scores, return_inverse=True)[1].astype(np.int64)
    whole = rankings._Whole(ranks, positive)
    values, references = [], []
    for inside, other in zip(members.inside.T, members.background.T, strict=True):
        sides = rankings._Sides(*(rankings._split(rows_, positive) for rows_ in (inside, other, ~other)))
        count = rankings._Count(ranks[None, :], sides, whole)
        values.append(count.value(measure)[0])
        references.append(count.reference(measure)[0])
    within = subgroup_aucs(made, members.background)

    assert values == pytest.approx(bias_aucs(made, members)[measure], abs=1e-12)
    assert references == pytest.approx([0, 0, 0] if measure.endswith("aeg") else within, abs=1e-12)


def test_equal_groups_are_rarely_called_different() -> None:
    """Sixty audits of scores that know the label and not the group."""
    rng, low = np.random.default_rng(1), 0
    for seed in range(60):
        members = overlapping(4, 40, rng)
        found = rankings.ranking_gap_test(rows(160, rng), members, "negative_aeg", seed=seed)
        low += found.p_values[0] <= 0.05

    assert low <= 9  # of 60 at 5 %: more has a probability of .1 %


def test_a_group_that_is_scored_higher_is_found() -> None:
    """Its negatives lie above those of the background."""
    rng = np.random.default_rng(2)
    made, members = rows(400, rng), overlapping(4, 100, rng)
    raised = Rows(np.clip(made.scores + 0.25 * members.inside[:, 1], 0, 1), made.labels)
    found = rankings.ranking_gap_test(raised, members, "negative_aeg", tests=5)

    assert found.p_values[1] == pytest.approx(1 / 1_001)
    assert (found.spread_p or 1) < 0.01


def test_scores_stay_within_their_block() -> None:
    """A group that meets harder templates is not scored higher within any."""
    rng = np.random.default_rng(3)
    blocks = np.repeat([0, 1], 200)
    members = named((rng.random(400) < np.where(blocks, 0.8, 0.2))[:, None])
    made = Rows(np.clip(rng.random(400) * 0.5 + 0.4 * blocks, 0, 1), rng.random(400) < 0.5)
    blind = rankings.ranking_gap_test(made, members, "negative_aeg")
    seeing = rankings.ranking_gap_test(made, members, "negative_aeg", blocks=blocks)

    assert blind.p_values[0] < 0.01 < seeing.p_values[0]
