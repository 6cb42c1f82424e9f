"""A whole family of tests over groups."""

from __future__ import annotations

import numpy as np
import pytest

from app.audit.data.groups import from_columns
from app.audit.data.values import Reason, Rows
from app.audit.family.comparison import compare, compare_values
from app.audit.family.findings import Family
from app.audit.measures.metrics import METRICS, RANKINGS
from app.audit.statistics.verdicts import Verdict
from tests.audit_rows import named, overlapping, partition, rows

RATES = ("selection_rate", "false_positive_rate", "true_positive_rate")


def test_a_planted_gap_is_found_in_the_group_that_has_it() -> None:
    """Group 3's harmless rows are called positive far more often; the spread says who lies at either end."""
    rng = np.random.default_rng(0)
    members = partition(5, 400)
    labels = rng.random(2_000) < 0.5
    chance = np.where(members.inside[:, 3] & ~labels, 0.45, 0.2)
    made = Rows((rng.random(2_000) < np.where(labels, 0.8, chance)).astype(np.float64), labels)
    found = compare(made, members, Family(RATES))
    groups = {(test.metric, test.group) for test in found.findings}
    spread = next(test for test in found.tests if test.metric == "false_positive_rate" and test.group is None)

    assert ("false_positive_rate", "group 3") in groups
    assert not {test for test in found.findings if test.metric == "true_positive_rate"}
    assert (spread.verdict, spread.highest) == (Verdict.FINDING, "group 3")


def test_many_equal_rows_are_shown_equal_and_few_are_too_little() -> None:
    """The same equal rates with 8,000 and with 40 rows a group."""
    for size, verdict in ((8_000, Verdict.SHOWN_EQUAL), (40, Verdict.TOO_LITTLE_DATA)):
        made = Rows((np.arange(2 * size) % 5 == 0).astype(np.float64), None)
        found = compare(made, partition(2, size), Family(("selection_rate",)))

        assert {test.verdict for test in found.tests} == {verdict}


def test_a_group_too_small_is_listed_with_its_n_and_not_tested() -> None:
    """It has no p, takes no part in the correction, and is called too little data."""
    inside = np.zeros((200, 2), dtype=bool)
    inside[:9, 0], inside[9:100, 1] = True, True
    small = compare(rows(200, np.random.default_rng(1)), named(inside), Family(("selection_rate",))).tests[0]

    assert (small.n, small.value, small.p, small.q) == (9, None, None, None)
    assert (small.reason, small.verdict) == (Reason.TOO_FEW, Verdict.TOO_LITTLE_DATA)


def test_a_measure_that_is_undefined_says_why() -> None:
    """No row is labelled: there is no true positive rate."""
    made = Rows(np.full(80, 0.2), np.zeros(80, dtype=bool))
    found = compare(made, partition(2, 40), Family(("true_positive_rate", "auc")))

    assert {test.reason for test in found.tests} == {Reason.NO_POSITIVES, Reason.NO_GROUPS}


def test_no_group_is_compared_with_a_whole_that_holds_it() -> None:
    """Group and background share no row, so that their intervals are of independent samples."""
    rng = np.random.default_rng(2)
    members = overlapping(3, 100, rng)
    found = compare(rows(300, rng), members, Family(("selection_rate",))).tests

    assert all(test.n + test.background_n == 300 for test in found if test.group)


def test_few_templates_give_no_interval_however_many_rows() -> None:
    """Twelve templates of 200 rows: too few templates is shown, and nothing is shown equal."""
    clusters = np.arange(2_400) // 200
    made = Rows(np.random.default_rng(3).random(2_400), None, clusters=clusters)
    found = compare(made, named((np.arange(2_400) % 2 == 0)[:, None]), Family(("selection_rate",)))

    assert (found.design, found.clusters) == ("crossed", 12)
    assert found.tests[0].interval is None
    assert found.tests[0].reason is Reason.TOO_FEW_CLUSTERS
    assert found.tests[0].verdict is not Verdict.SHOWN_EQUAL


def test_copies_of_rows_make_no_finding() -> None:
    """A chance difference, every author's row copied thirty times: rows alone would call it certain."""
    rng = np.random.default_rng(4)
    selected = np.repeat((rng.random(80) < 0.5).astype(np.float64), 30)
    inside = np.repeat(np.arange(80) < 40, 30)
    clusters = np.repeat(np.arange(80), 30)
    blind = compare(Rows(selected, None), named(inside[:, None]), Family(("selection_rate",)))
    seeing = compare(Rows(selected, None, clusters=clusters), named(inside[:, None]), Family(("selection_rate",)))

    assert seeing.design == "nested"
    assert seeing.tests[0].verdict is not Verdict.FINDING
    assert (blind.tests[0].p or 1) < (seeing.tests[0].p or 0) / 10


def test_two_runs_have_the_same_content() -> None:
    """The seeds are part of the family."""
    rng = np.random.default_rng(5)
    made, members = rows(400, rng), overlapping(4, 100, rng)
    family = Family(("false_positive_rate", "mean_score", "auc", "negative_aeg", "bpsn_auc", "bnsp_auc"))

    assert compare(made, members, family) == compare(made, members, family)


def test_unknown_rows_are_in_no_comparison() -> None:
    """A blank cell is neither the group nor its background."""
    cells = ["f"] * 50 + ["m"] * 50 + [""] * 20
    found = compare(rows(120, np.random.default_rng(6)), from_columns({"gender": cells}), Family(("selection_rate",)))

    assert [(test.n, test.background_n) for test in found.tests[:2]] == [(50, 50), (50, 50)]


def test_any_number_of_a_row_can_be_compared() -> None:
    """The push of identity words, say; rows that have none are left out."""
    rng = np.random.default_rng(7)
    members = partition(2, 100)
    values = rng.normal(0, 1, 200) + 2 * members.inside[:, 0]
    values[:5] = np.nan
    found = compare_values("push", values, members, Family((), margin=0.5))

    assert found.tests[0].n == 95
    assert {test.verdict for test in found.tests} == {Verdict.FINDING}


@pytest.mark.parametrize("clusters", [None, np.zeros(0, dtype=np.int64)])
def test_no_rows_are_no_data(clusters: np.ndarray | None) -> None:
    """Every test is listed, with nothing in it."""
    made = Rows(np.zeros(0), np.zeros(0, dtype=bool), clusters=clusters)
    found = compare(made, named(np.zeros((0, 2), dtype=bool)), Family((*METRICS, *RANKINGS)))

    assert {(test.p, test.verdict) for test in found.tests} == {(None, Verdict.TOO_LITTLE_DATA)}
    assert found.findings == ()


def test_a_name_that_is_no_measure_is_refused() -> None:
    """With the names there are."""
    with pytest.raises(ValueError, match=r"fairness.*selection_rate"):
        Family(("fairness",))
