"""The gaps of a run: which rows are measured, every test of the family, and the gaps whose words are looked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import BadRequest
from ..data.groups import Intersection, Membership, intersections
from ..data.plan import Chosen, Plan
from ..data.values import Bools, Rows
from ..evidence.evidence import drawn_alike
from ..evidence.stored import Stored
from ..measures.measures import f1
from ..measures.metrics import RANKINGS, SETTLED, Kind, metric, negatives, stratum
from ..statistics.verdicts import Verdict
from . import reference
from .comparison import compare
from .findings import Comparison, Family, Test

MOST_TRIED = 200  # texts of a group that words are taken out of


@dataclass(frozen=True)
class Measured:
    """rows, membership: what the tests look at. at: their numbers among the stored rows."""

    rows: Rows
    membership: Membership
    at: np.ndarray
    family: Family
    comparison: Comparison
    pairs: tuple[Intersection, ...]
    developed: int  # rows the threshold was chosen on; they are not measured


def measure(plan: Plan, stored: Stored) -> Measured:
    dev = development_rows(plan, stored)
    kept = np.flatnonzero(~stored.twins & ~dev)
    blocks = stored.blocks
    rows = Rows(
        scores=stored.scores[kept],
        labels=None if stored.labels is None else stored.labels[kept],
        labelled=None if stored.labelled is None else stored.labelled[kept],
        threshold=threshold_of(plan, stored, dev),
        clusters=None if blocks is None else blocks[kept],
    )
    membership = stored.membership.rows(kept).against(plan.compared)
    if plan.groups:
        membership = membership.keep([membership.names.index(name) for name in plan.groups])
    listed: tuple[Intersection, ...] = ()
    if plan.intersections:
        listed, both = intersections(membership, minimum=plan.minimum)
        membership = membership.beside(both)
    family = Family(
        metrics=plan.metrics, margin=plan.margin, alpha=plan.alpha, correction=plan.correction,
        minimum=plan.minimum, seed=plan.seed, resamples=plan.resamples,
    )  # fmt: skip
    return Measured(rows, membership, kept, family, compare(rows, membership, family), listed, int(dev.sum()))


def development_rows(plan: Plan, stored: Stored) -> Bools:
    """The rows a threshold is chosen on: whole clusters, drawn by the seed. None where the threshold is given."""
    if not isinstance(plan.threshold, Chosen):
        return np.zeros(len(stored), dtype=bool)
    blocks = stored.blocks if stored.clusters is not None else np.arange(len(stored))
    assert blocks is not None
    count = int(blocks.max()) + 1
    drawn = np.random.default_rng(plan.seed).permutation(count)[: round(plan.threshold.share * count)]
    return np.isin(blocks, drawn) & ~stored.twins


def threshold_of(plan: Plan, stored: Stored, dev: Bools) -> float:
    if not isinstance(plan.threshold, Chosen):
        return plan.threshold
    if stored.labels is None or stored.labelled is None or not (dev := dev & stored.labelled).any():
        raise BadRequest("no text with a label is there to choose the threshold on", cure="Give a number as threshold.")
    scores, truth = stored.scores[dev], stored.labels[dev]
    candidates = np.unique(np.round(np.clip(scores, 0.001, 0.999), 3))
    return float(max(candidates, key=lambda t: _quality(plan.threshold.choose, scores, truth, float(t))))  # type: ignore[union-attr]


def _quality(choice: str, scores: np.ndarray, truth: Bools, threshold: float) -> float:
    rows = Rows(scores=scores, labels=truth, threshold=threshold)
    if choice == "f1":
        value = float(f1(rows, np.ones((len(rows), 1), dtype=bool))[0])
        return -1.0 if np.isnan(value) else value
    if choice == "accuracy":
        return float((rows.selected == truth).mean())
    return float(rows.selected[truth].mean() - rows.selected[~truth].mean()) if 0 < truth.sum() < len(truth) else 0.0


def worst(measured: Measured, most: int) -> list[Test]:
    """The rate gaps to look into: findings first, then those within the margin, the plan's first measure before the
    others, larger before smaller; of a gap and its mirror one."""
    able = [
        test
        for test in measured.comparison.tests
        if test.group is not None and test.gap is not None and test.mirror_of is None and test.metric not in RANKINGS
        and metric(test.metric).kind is Kind.RATE
        and metric(test.metric).among in SETTLED
    ]  # fmt: skip
    order = {name: number for number, name in enumerate(measured.family.metrics)}
    able.sort(
        key=lambda test: (
            test.verdict is not Verdict.FINDING, test.verdict is not Verdict.WITHIN_MARGIN, order[test.metric],
            -abs(test.gap or 0.0), test.group or "",
        )
    )  # fmt: skip
    return able[:most]


def sides(measured: Measured, test: Test) -> tuple[Bools, Bools]:
    """The measured rows of the group and of its comparison that the measure looks at."""
    looked = stratum(measured.rows, metric(test.metric).among)
    inside, background = reference.sides(measured.membership, str(test.group), test.left_out)
    return inside & looked, background & looked


def sampled(measured: Measured, test: Test, plan: Plan) -> tuple[list[int], list[int]]:
    """Stored row numbers of the texts that are explained on either side."""
    own, other = drawn_alike(
        list(sides(measured, test)), measured.rows.clusters, most=plan.explain.texts, seed=plan.seed
    )
    return [int(measured.at[row]) for row in own], [int(measured.at[row]) for row in other]


def tried(measured: Measured, test: Test, plan: Plan) -> list[int]:
    """Stored row numbers of the group's texts whose words are taken out, those that hold them."""
    own, _ = sides(measured, test)
    (rows,) = drawn_alike([own], measured.rows.clusters, most=MOST_TRIED, seed=plan.seed)
    return [int(measured.at[row]) for row in rows]


def pushed(measured: Measured, plan: Plan) -> list[list[int]]:
    """Stored numbers of each group's harmless texts (any, without labels) whose identity words are weighed."""
    if not plan.explain.each:
        return [[] for _ in measured.membership.names]
    rows = measured.rows
    harmless = np.ones(len(rows), dtype=bool) if rows.labels is None else negatives(rows)
    columns = [harmless & column for column in measured.membership.inside.T]
    drawn = drawn_alike(columns, measured.rows.clusters, most=plan.explain.each, seed=plan.seed)
    return [[int(measured.at[row]) for row in rows] for rows in drawn]
