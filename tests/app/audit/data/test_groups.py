"""Who a row is about."""

from __future__ import annotations

import numpy as np

from app.audit.data.groups import from_columns, intersections, small_groups
from tests.audit_rows import named


def test_blank_cells_are_unknown_and_counted() -> None:
    """Neither in the group nor in its background."""
    found = from_columns({"gender": ["f", "m", "", None, "f"], "race": ["a", "a", "b", "b", "unknown"]})

    assert found.names == ("gender: f", "gender: m", "race: a", "race: b")
    assert found.unknown == (2, 2, 1, 1)
    assert found.background[:, 0].tolist() == [False, True, False, False, False]


def test_a_cell_may_name_several_groups() -> None:
    """Groups overlap; fairlearn, AIF360 and Aequitas assume that they do not."""
    found = from_columns({"who": ["a; b", "b|c", "a"]})

    assert found.inside.sum(axis=0).tolist() == [2, 2, 1]
    assert found.inside[0].tolist() == [True, True, False]


def test_small_intersections_are_listed_and_suppressed() -> None:
    """Their n is given, their figures are not."""
    inside = np.zeros((40, 3), dtype=bool)
    inside[:30, 0], inside[10:, 1], inside[25:31, 2] = True, True, True
    listed, shown = intersections(named(inside), minimum=10)

    assert [(pair.n, pair.suppressed) for pair in listed] == [(20, False), (6, True), (5, True)]
    assert shown.names == ("group 0 × group 1",)
    assert shown.inside[:, 0].sum() == 20
    assert shown.background[:, 0].sum() == 20


def test_values_of_one_column_are_no_intersection() -> None:
    """Nobody is in both, so there is nothing to list."""
    listed, shown = intersections(from_columns({"gender": ["f", "m"] * 20}))

    assert listed == ()
    assert len(shown) == 0


def test_a_group_can_be_compared_with_rows_of_no_group() -> None:
    """The background is then who mentions nobody."""
    found = named(np.array([[True, False], [False, True], [False, False]])).against("no_group")

    assert found.background.tolist() == [[False, False], [False, False], [True, True]]


def test_groups_below_two_percent_are_named() -> None:
    """They may be left out and must be listed."""
    inside = np.zeros((200, 2), dtype=bool)
    inside[:3, 0], inside[:5, 1] = True, True

    assert small_groups(named(inside)) == ("group 0",)
