"""The figures that audits are held to, measured in full: `make audit-figures` writes build/audit-figures.json.

    python -m tests.audit_figures [--runs 2000] [--only null+swaps]

The tests beside it hold smaller versions of the same simulations. About half an hour on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from app.audit.data.groups import Membership
from app.audit.data.values import Rows
from app.audit.family.comparison import compare
from app.audit.family.findings import Family
from app.audit.measures import ranking
from app.audit.statistics.power import detectable_gap
from tests import audit_gaps, audit_time
from tests.app.audit.measures.test_measures import aif360_disagreement, brute, fairlearn_disagreement
from tests.app.audit.statistics.test_auc import coverage
from tests.app.audit.statistics.test_intervals import gap_figures, wilson_figures
from tests.app.audit.swaps.swapped import judged
from tests.audit_rows import named, overlapping, partition, rows

GROUPS = 7
RATES = ("selection_rate", "false_positive_rate", "true_positive_rate")
RESULT = Path(__file__).parent.parent / "build" / "audit-figures.json"


def null_rows(members: Membership, rate: float, rng: np.random.Generator, clusters: Any = None) -> Rows:
    """Half of the rows of the class, all selected with one probability: no group differs in anything."""
    n = len(members.inside)
    return Rows((rng.random(n) < rate).astype(np.float64), rng.random(n) < 0.5, clusters=clusters)


def found_in_nulls(kind: str, rate: float, size: int, runs: int) -> float:
    """Share of audits of equal groups that report any finding."""
    rng, found = np.random.default_rng(0), 0
    for seed in range(runs):
        members = partition(GROUPS, size) if kind == "independent" else overlapping(GROUPS, size, rng)
        found += bool(compare(null_rows(members, rate, rng), members, Family(RATES, seed=seed)).findings)
    return found / runs


def found_in_clustered_nulls(design: str, runs: int) -> float:
    """The same for rows of 40 templates (crossed) or 140 authors of one group each (nested) that differ in level."""
    rng, found = np.random.default_rng(1), 0
    n = GROUPS * 100
    for seed in range(runs):
        members = partition(GROUPS, 100)
        clusters = rng.integers(0, 40, n) if design == "crossed" else np.arange(n) // 5
        level = rng.beta(1, 2, clusters.max() + 1)
        selected = (rng.random(n) < level[clusters]).astype(np.float64)
        made = Rows(selected, rng.random(n) < 0.5, clusters=clusters)
        found += bool(compare(made, members, Family(RATES, seed=seed, resamples=100)).findings)
    return found / runs


def found_in_ranking_nulls(runs: int) -> float:
    """The same for the threshold-free measures: scores know the label, not the group."""
    rng, found = np.random.default_rng(2), 0
    names = ("auc", "bpsn_auc", "bnsp_auc", "negative_aeg", "positive_aeg")
    for seed in range(runs):
        members = overlapping(4, 60, rng)
        found += bool(compare(rows(240, rng), members, Family(names, seed=seed)).findings)
    return found / runs


def planted_found(rate: float, size: int, runs: int) -> float:
    """How often the one group whose rate is higher by twice its detectable gap is found."""
    rng, found = np.random.default_rng(3), 0
    family = Family(("selection_rate",))
    gap = 2 * (detectable_gap(rate, size, (GROUPS - 1) * size, tests=family.tests(GROUPS)) or 0)
    members = partition(GROUPS, size)
    for _ in range(runs):
        chance = np.where(members.inside[:, 2], min(rate + gap, 1.0), rate)
        made = Rows((rng.random(len(chance)) < chance).astype(np.float64), None)
        found += any(test.group == "group 2" for test in compare(made, members, family).findings)
    return found / runs


def planted_on_templates(templates: int, times: float, runs: int) -> float:
    """The same on templates that differ in level and hold each of seven groups once, for so many times that gap."""
    rng, found, family = np.random.default_rng(5), 0, Family(("selection_rate",), resamples=200)
    clusters = np.repeat(np.arange(templates), GROUPS)
    third = np.tile(np.arange(GROUPS), templates) == 2
    members = named(np.tile(np.eye(GROUPS, dtype=bool), (templates, 1)))
    for _ in range(runs):
        level = rng.beta(1, 3, templates)[clusters]
        equal = (rng.random(len(level)) < level).astype(np.float64)
        said = compare(Rows(equal, None, clusters=clusters), members, family).tests
        least = next(test.detectable for test in said if test.group == members.names[2])
        chance = np.where(third, np.minimum(level + times * (least or 0), 1.0), level)
        made = Rows((rng.random(len(chance)) < chance).astype(np.float64), None, clusters=clusters)
        found += any(test.group == members.names[2] for test in compare(made, members, family).findings)
    return found / runs


def peers_interval_above_zero(size: int, runs: int) -> float:
    """Share of audits of equal groups in which a percentile bootstrap of max − min (fairlearn's) excludes 0."""
    rng, above = np.random.default_rng(4), 0
    for _ in range(runs):
        right = rng.binomial(size, 0.8, GROUPS) / size
        drawn = rng.binomial(size, right, (100, GROUPS)) / size
        above += bool(np.quantile(np.ptp(drawn, axis=1), 0.025) > 0)
    return above / runs


def aucs_against_brute_force(runs: int) -> float:
    """The largest difference over random data sets with ties and overlaps."""
    worst = 0.0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        made = rows(int(rng.integers(40, 200)), rng, prevalence=rng.uniform(0.1, 0.9), ties=True)
        members = named(rng.random((len(made), 4)) < rng.uniform(0.05, 0.6))
        found, s, y = ranking.bias_aucs(made, members), made.scores, np.asarray(made.labels)
        for g, own in enumerate(members.inside.T):
            expected = {
                "auc": brute(s[own & ~y], s[own & y]),
                "bpsn_auc": brute(s[own & ~y], s[~own & y]),
                "bnsp_auc": brute(s[~own & ~y], s[own & y]),
                "negative_aeg": 0.5 - brute(s[own & ~y], s[~own & ~y]),
                "positive_aeg": 0.5 - brute(s[own & y], s[~own & y]),
            }
            worst = max([worst, *(abs(found[k][g] - v) for k, v in expected.items() if not np.isnan(v))])
    return worst


def figures(runs: int) -> dict[str, Callable[[], Any]]:
    """Name of a row of the table: how it is measured."""
    return {
        "peers": lambda: {
            "fairlearn, largest difference": max(fairlearn_disagreement(seed) for seed in range(runs // 2)),
            "AIF360, largest difference": max(aif360_disagreement(seed) for seed in range(runs // 2)),
            "bias areas against brute force": aucs_against_brute_force(runs // 2),
        },
        "coverage": lambda: {
            "Wilson, mean and least": wilson_figures(),
            "gaps (Agresti-Caffo), mean, least, least from 100": gap_figures(),
        },
        "areas": lambda: {
            f"AUC {true}, {positives}/{negatives}": coverage(true, positives, negatives, runs)
            for true in (0.7, 0.8, 0.9, 0.95)
            for positives, negatives in ((30, 30), (30, 270), (100, 100))
        },
        "swaps": lambda: judged().figures,
        "planted": lambda: (
            {
                f"rate {rate}, {size} rows": planted_found(rate, size, runs // 4)
                for rate in (0.05, 0.3)
                for size in (100, 400)
            }
            | {f"{templates} templates": planted_on_templates(templates, 2, runs // 4) for templates in (53, 100)}
        ),
        "null": lambda: {
            f"{kind}, rate {rate}, {size} rows": found_in_nulls(kind, rate, size, runs)
            for kind in ("independent", "overlapping")
            for rate in (0.05, 0.3)
            for size in (100, 400)
        },
        "null, fairlearn's interval": lambda: peers_interval_above_zero(100, runs),
        "null, clustered": lambda: {
            design: found_in_clustered_nulls(design, runs // 4) for design in ("crossed", "nested")
        },
        "functional": lambda: audit_gaps.functional_figures(runs),
        "one biased group": lambda: {
            f"{kind}, gap {gap}": audit_gaps.others_found(kind, max(2, runs // 100), gap)
            for kind in ("occupations", "identities")
            for gap in (0.3, 0.8)
        },
        "null, areas": lambda: found_in_ranking_nulls(runs // 4),
        "time": audit_time.shares,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if asked.only and RESULT.exists() else {}
    for name, measure in figures(asked.runs).items():
        if asked.only and name not in asked.only.split("+"):
            continue
        started = time.monotonic()
        found[name] = measure()
        print(f"{name} ({time.monotonic() - started:.0f} s): {found[name]}", file=sys.stderr, flush=True)
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
