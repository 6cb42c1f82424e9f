"""Audits with gaps that are known: functional tests whose templates are unbalanced over groups, one biased group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.audit.data.groups import Membership
from app.audit.data.values import Floats, Rows
from app.audit.family.comparison import compare
from app.audit.family.findings import Comparison, Family, Test
from app.audit.statistics.verdicts import Verdict
from tests.audit_rows import named, partition

FOUND = (Verdict.FINDING, Verdict.WITHIN_MARGIN)
TARGETS, TEMPLATES, PLANTED = 7, 80, 2
ERRORS = ("false_positive_rate", "true_positive_rate")


@dataclass(frozen=True)
class FunctionalTest:
    """Cases of templates of one label each. Templates differ in how often the model is wrong about them, and the
    harder ones hold more cases of the first groups than of the last."""

    template: np.ndarray
    target: np.ndarray
    label: np.ndarray
    level: Floats  # of each case: how likely its prediction is "the class"
    membership: Membership

    @classmethod
    def drawn(cls, rng: np.random.Generator, cases: int = 12) -> FunctionalTest:
        harmful = rng.random(TEMPLATES) < 0.5
        errs = 0.5 * rng.beta(1, 2, TEMPLATES)  # leaves room for a planted gap
        leaning = np.exp(np.outer(6 * (errs - errs.mean()), np.linspace(1, -1, TARGETS)))
        held = rng.poisson(cases / TARGETS * leaning / leaning.mean())
        template, target = (np.repeat(at.ravel(), held.ravel()) for at in np.indices(held.shape))
        level = np.where(harmful, 1 - errs, errs)
        members = named(target[:, None] == np.arange(TARGETS))
        return cls(template, target, harmful[template], level[template], members)

    def predicted(self, rng: np.random.Generator, gap: dict[bool, float] | None = None) -> Rows:
        """Scores of 0 and 1; the planted group is called the class more often by `gap` of each label."""
        chance = self.level.copy()
        for label, size in (gap or {}).items():
            chance[(self.target == PLANTED) & (self.label == label)] += size
        return Rows(
            (rng.random(len(chance)) < np.clip(chance, 0, 1)).astype(np.float64), self.label, clusters=self.template
        )


def contradictions(found: Comparison) -> list[Test]:
    """Tests whose gap, interval and verdict do not say the same."""
    return [test for test in found.tests if test.group is not None and test.gap is not None and not agree(test)]


def agree(test: Test) -> bool:
    """Whether a test is found just where its interval lies on one side of 0, and on that of its gap."""
    found = test.verdict in FOUND
    if found is not (test.q is not None and test.q <= 0.05):
        return False
    if test.interval is None or test.gap is None:
        return True
    above, below = test.interval.low > 0, test.interval.high < 0
    return found is (above or below) and (not above or test.gap > 0) and (not below or test.gap < 0)


def functional_figures(runs: int) -> dict[str, Any]:
    """Unbalanced functional tests: audits in which gap, interval and verdict part, audits of equal groups with any
    finding, and planted gaps of twice the detectable size that are found; how often the interval of the planted group
    holds its gap, and how far the gap and the raw one lie from it on average."""
    rng, parted, alarms, power, held = np.random.default_rng(6), 0, 0, [], []
    within, raw = [], []
    for seed in range(runs):
        cases, family = FunctionalTest.drawn(rng), Family(ERRORS, seed=seed)
        null = compare(cases.predicted(rng), cases.membership, family)
        alarms += any(test.verdict in FOUND for test in null.tests)
        least = next(
            t.detectable for t in null.tests if (t.metric, t.group) == (ERRORS[0], cases.membership.names[PLANTED])
        )
        parted += bool(contradictions(null))
        if seed % 2 or least is None or least > 0.25:  # of twice the gap there must be room
            continue
        planted = compare(cases.predicted(rng, {False: 2 * least}), cases.membership, family)
        parted += bool(contradictions(planted))
        test = next(t for t in planted.tests if (t.metric, t.group) == (ERRORS[0], cases.membership.names[PLANTED]))
        power.append(test.verdict in FOUND)
        rows = (cases.target == PLANTED) & ~cases.label
        true = float((np.clip(cases.level[rows] + 2 * least, 0, 1) - cases.level[rows]).mean())
        within.append((test.gap or 0) - true)
        raw.append((test.raw_gap or 0) - true)
        if test.interval is not None:
            held.append(true in test.interval)
    return {
        "audits that contradict themselves": parted,
        "equal groups, any finding": alarms / runs,
        "twice the detectable gap found": float(np.mean(power)),
        "planted": len(power),
        "interval holds the planted gap": float(np.mean(held)),
        "mean error of the gap, and of the raw gap": (float(np.mean(within)), float(np.mean(raw))),
    }


def others_found(kind: str, seeds: int, gap: float = 0.3) -> dict[str, Any]:
    """One planted group among six occupations of 300 independent texts, or among fifty identities on 106 templates: how
    many others are found beside it, within the margin or not, a seed; the findings; and whether the planted one is."""
    others, findings, planted = [], [], []
    for seed in range(seeds):
        rows, members = _one_biased(kind, gap, np.random.default_rng(100 + seed))
        said = compare(rows, members, Family(("selection_rate",), seed=seed))
        found = {test.group for test in said.tests if test.group is not None and test.verdict in FOUND}
        planted.append(members.names[PLANTED] in found)
        others.append(len(found - {members.names[PLANTED]}))
        findings.append(len({test.group for test in said.findings} - {None}))
    return {"others found": float(np.mean(others)), "most": max(others), "findings": float(np.mean(findings)),
            "planted found": float(np.mean(planted))}  # fmt: skip


def _one_biased(kind: str, gap: float, rng: np.random.Generator) -> tuple[Rows, Membership]:
    if kind == "occupations":
        members = partition(6, 300)
        chance = np.full(1_800, 0.2)
        clusters = None
    else:
        clusters = np.repeat(np.arange(106), 50)
        members = named(np.tile(np.eye(50, dtype=bool), (106, 1)))
        chance = rng.beta(1, 6, 106)[clusters]
    chance = np.minimum(chance + gap * members.inside[:, PLANTED], 1.0)
    return Rows((rng.random(len(chance)) < chance).astype(np.float64), None, clusters=clusters), members
