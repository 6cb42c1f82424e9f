"""What groups are compared with: a group that is found moves it for none of the others."""

from __future__ import annotations

import numpy as np

from app.audit.data.groups import from_columns
from app.audit.data.values import Rows
from app.audit.family import reference
from app.audit.family.comparison import compare
from app.audit.family.findings import Family
from app.audit.statistics.verdicts import Verdict
from tests import audit_gaps
from tests.audit_rows import named, partition

SELECTION = Family(("selection_rate",))


def scored(chance: np.ndarray, seed: int = 0) -> Rows:
    return Rows((np.random.default_rng(seed).random(len(chance)) < chance).astype(np.float64), None)


def test_one_biased_occupation_of_six_makes_no_others_findings() -> None:
    """Against all others five innocent ones are found below them; without the guilty one hardly any."""
    members = partition(6, 300)
    rows = scored(np.where(members.inside[:, 2], 0.7, 0.2))
    said = compare(rows, members, SELECTION)
    blind = [members.background[:, g] for g in range(6)]
    gaps = [rows.scores[members.inside[:, g]].mean() - rows.scores[blind[g]].mean() for g in range(6)]

    assert sum(gap < -0.05 for gap in gaps) == 5
    assert [test.group for test in said.findings if test.group] == ["group 2"]
    assert said.left_out == {"selection_rate": ("group 2",)}
    assert {test.left_out for test in said.tests if test.group not in (None, "group 2")} == {("group 2",)}
    assert next(test for test in said.tests if test.group == "group 0").background_n == 1_200


def test_one_planted_identity_of_fifty_is_nearly_alone() -> None:
    """Mean over seeds at most 2.5 others, as `make audit-figures` has it in full."""
    found = audit_gaps.others_found("identities", 2, gap=0.5)

    assert found["others found"] <= 2.5
    assert found["planted found"] == 1
    assert found["findings"] >= 1


def test_the_rows_that_a_group_shares_with_the_one_left_out_go_on_both_sides() -> None:
    """Women and men are nurses alike often; were nurses missing among the men alone, the women would seem worse."""
    rng = np.random.default_rng(1)
    nurse, woman = rng.random(6_000) < 0.2, rng.random(6_000) < 0.5
    members = named(np.stack([nurse, woman, rng.random(6_000) < 0.3], axis=1))
    said = compare(scored(np.where(nurse, 0.8, 0.2)), members, SELECTION)
    women = next(test for test in said.tests if test.group == "group 1")

    assert women.left_out == ("group 0",)
    assert women.n == int((woman & ~nurse).sum())
    assert [test.group for test in said.findings if test.group] == ["group 0"]


def test_a_group_is_not_left_out_where_another_has_nothing_else_to_be_compared_with() -> None:
    """Of two groups both are tested, and of three the last two against each other."""
    two, three = partition(2, 200), partition(3, 200)
    high = lambda members: np.where(members.inside[:, 0], 0.8, 0.2)  # noqa: E731

    assert compare(scored(high(two)), two, SELECTION).left_out == {"selection_rate": ()}
    assert compare(scored(high(three)), three, SELECTION).left_out == {"selection_rate": ("group 0",)}


def test_a_part_of_the_group_that_is_left_out_keeps_its_rows() -> None:
    """Young nurses are nurses: without nurses there would be none of them."""
    members = named(np.stack([np.arange(900) < 300, np.arange(900) < 60, np.arange(900) >= 600], axis=1))
    left, names = reference.without(members, [0], minimum=10)

    assert left.inside[:, 1].sum() == 60
    assert names == ((), (), ("group 0",))
    assert left.background[:, 2].sum() == 300


def test_against_texts_of_no_group_nothing_is_left_out() -> None:
    """No group is in that reference."""
    members = named(np.stack([np.arange(900) < 300, (np.arange(900) >= 300) & (np.arange(900) < 600)], axis=1))
    said = compare(scored(np.where(np.arange(900) < 300, 0.8, 0.2)), members.against("no_group"), SELECTION)

    assert not reference.movable(members.against("no_group"))
    assert said.left_out == {"selection_rate": ()}
    assert [test.group for test in said.findings if test.group] == ["group 0"]


def test_a_binary_column_and_its_mirror_are_one_test_and_one_finding() -> None:
    """Both are listed, with one p; neither the second nor the spread over the two counts."""
    cells = ["f"] * 300 + ["m"] * 300
    said = compare(scored(np.repeat([0.6, 0.2], 300)), from_columns({"gender": cells}), SELECTION)
    women, men, spread = said.tests

    assert (said.tested, said.found) == (1, 1)
    assert [test.group for test in said.findings] == ["gender: f"]
    assert (men.mirror_of, spread.mirror_of) == ("gender: f", "gender: f")
    assert men.gap == -(women.gap or 0)
    assert men.p == women.p == women.q == spread.p
    assert women.interval is not None
    assert men.interval is not None
    assert (men.interval.low, men.interval.high) == (-women.interval.high, -women.interval.low)
    assert {test.verdict for test in said.tests} == {Verdict.FINDING}


def test_columns_of_more_values_have_no_mirrors() -> None:
    """Nor does a column with blank cells that are blank in another one."""
    members = from_columns({"a": ["x", "y", "z"] * 20, "b": ["u", "v", ""] * 20})

    assert reference.mirrors(members) == {4: 3}
