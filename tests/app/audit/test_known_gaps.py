"""Functional tests whose templates are unbalanced over groups, gaps of known size (in full: `make audit-figures`)."""

from __future__ import annotations

import numpy as np

from app.audit.data.values import Interval, Reason, Rows
from app.audit.family.comparison import compare
from app.audit.family.findings import Family, Test
from app.audit.statistics.verdicts import Verdict
from tests import audit_gaps
from tests.audit_rows import named, partition


def test_gap_interval_and_verdict_of_unbalanced_functional_tests_agree() -> None:
    """Always; equal groups are seldom found, twice the detectable gap nearly always, and the gap is the planted one
    where the raw one is not."""
    found = audit_gaps.functional_figures(60)
    within, raw = found["mean error of the gap, and of the raw gap"]

    assert found["audits that contradict themselves"] == 0
    assert found["equal groups, any finding"] <= 0.15  # beyond it by chance in less than .3 %
    assert found["twice the detectable gap found"] >= 0.9
    assert found["interval holds the planted gap"] >= 0.85
    assert abs(within) <= 0.02 < raw


def test_a_contradiction_would_be_seen() -> None:
    """An interval beside 0 without a finding, and a finding whose interval holds 0."""
    aside = Test("m", "g", 9, 9, gap=0.1, interval=Interval(0.01, 0.2, "any"), p=0.04, q=0.7)
    around = Test("m", "g", 9, 9, gap=0.1, interval=Interval(-0.1, 0.2, "any"), q=0.01, verdict=Verdict.FINDING)

    assert not audit_gaps.agree(aside)
    assert not audit_gaps.agree(around)


def test_a_gap_well_inside_the_margin_is_found_and_no_finding() -> None:
    """.004 of .05 on many rows: real, and too small to matter as declared."""
    members = partition(3, 100_000)
    selected = np.zeros(300_000)
    selected[:2_600] = selected[100_000:102_200] = selected[200_000:202_200] = 1
    said = compare(Rows(selected, None), members, Family(("selection_rate",)))
    test = said.tests[0]

    assert test.verdict is Verdict.WITHIN_MARGIN
    assert said.findings == ()
    assert test in said.within_margin
    assert test.interval is not None
    assert 0 < test.interval.low < 0.004 < test.interval.high < 0.05


def test_a_group_that_shares_no_template_has_no_gap_and_says_so() -> None:
    """Its raw gap is still given."""
    clusters = np.concatenate([np.repeat(np.arange(30), 4), np.repeat(np.arange(30, 60), 4)])
    group = np.concatenate([np.tile([0, 0, 1, 1], 30), np.full(120, 2)])
    rows = Rows(np.random.default_rng(0).random(240), None, clusters=clusters)
    test = compare(rows, named(group[:, None] == np.arange(3)), Family(("selection_rate",))).tests[2]

    assert (test.gap, test.p, test.templates) == (None, None, 0)
    assert test.reason is Reason.NO_SHARED_TEMPLATE
    assert test.raw_gap is not None


def test_areas_are_compared_within_templates() -> None:
    """Harder templates hold more of the first group: raw it scores higher, within a template it does not. On balanced
    templates the two are the same number."""
    rng = np.random.default_rng(0)
    template = np.repeat(np.arange(80), 20)
    level, label = np.repeat(rng.normal(0, 1.5, 80), 20), np.repeat(np.arange(80) % 2 == 0, 20)
    leaning = rng.random(1_600) < 1 / (1 + np.exp(-2 * level))
    scores = 1 / (1 + np.exp(-(level + 2 * label + rng.normal(0, 1, 1_600))))
    family = Family(("negative_aeg", "bpsn_auc", "auc"))
    uneven = compare(Rows(scores, label, clusters=template), named(leaning[:, None]), family)
    even = compare(Rows(scores, label, clusters=template), named((np.arange(1_600) % 2 == 0)[:, None]), family)

    assert (uneven.tests[0].raw_gap or 0) > 0.2
    assert abs(uneven.tests[0].gap or 1) < 0.05
    assert uneven.findings == ()
    assert all(abs((test.gap or 0) - (test.raw_gap or 1)) < 1e-9 for test in even.tests)
