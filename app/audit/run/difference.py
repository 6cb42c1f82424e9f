"""Two audits of the same texts: before and after a mitigation or a compression, row by row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import BadRequest
from ..data.values import LEVEL, Interval
from ..evidence import stored
from ..family import gaps
from ..family.gaps import Measured
from ..measures.metrics import METRICS, SETTLED, Kind, metric, stratum
from ..report.report import TABLES
from ..statistics.bootstrap import cluster_gap_interval
from ..statistics.exact import mcnemar, sign_flip
from ..statistics.multiplicity import q_values
from ..statistics.stratified import strata_of
from .verification import declared_of, load


@dataclass(frozen=True)
class Change:
    """One measure in one group: before, after, and the rows that changed with the paired p of these; then the gap
    before and after, taken as the audit takes it, and the interval of its change, another question than p's."""

    metric: str
    group: str
    n: int
    before: float
    after: float
    gained: int  # rows with the event only after
    lost: int
    p: float
    gap_before: float
    gap_after: float
    interval: Interval | None  # of the change of the gap
    q: float | None = None


@dataclass(frozen=True)
class Difference:
    before: str  # SHA-256 of the reports
    after: str
    models: tuple[str, str]
    rows: int
    changes: tuple[Change, ...]


def compare(before: Path, after: Path) -> Difference:
    """Raises BadRequest where the two audits are not of the same texts."""
    reports = [load(path) for path in (before, after)]
    sides = [_measured(path, report["content"]) for path, report in zip((before, after), reports, strict=True)]
    (one, hashes), (other, others) = sides
    if hashes != others or one.membership.names != other.membership.names:
        raise BadRequest(
            "the two audits are not of the same texts and groups", cure="Run one plan on both models, then compare."
        )
    return Difference(
        reports[0]["sha256"],
        reports[1]["sha256"],
        (reports[0]["content"]["model"]["digest"], reports[1]["content"]["model"]["digest"]),
        len(one.rows),
        changes_of(one, other),
    )


def changes_of(one: Measured, other: Measured) -> tuple[Change, ...]:
    """Every measure that both took, in every group, of the same rows and groups."""
    names = [name for name in one.family.metrics if name in other.family.metrics and name in METRICS]
    usable = [name for name in names if metric(name).kind is Kind.RATE and metric(name).among in SETTLED]
    changes = [
        change
        for name in usable
        for g in range(len(one.membership))
        if (change := _change(name, g, one, other)) is not None
    ]
    qs = q_values([change.p for change in changes])
    return tuple(replace(change, q=q) for change, q in zip(changes, qs, strict=True))


def _measured(path: Path, content: dict[str, Any]) -> tuple[Measured, list[str]]:
    found = stored.read(path.parent / TABLES, content["tables"])
    measured = gaps.measure(declared_of(content).plan, found)
    return measured, [found.hashes[row] for row in measured.at]


def _change(name: str, g: int, one: Measured, other: Measured) -> Change | None:
    """None below the minimum of the plan, and where no template holds the group and what it is compared with."""
    known = metric(name)
    looked = stratum(one.rows, known.among)
    inside, background = (side[:, g] & looked for side in (one.membership.inside, one.membership.background))
    if min(inside.sum(), background.sum()) < one.family.minimum:
        return None
    values = [known.value(measured.rows) for measured in (one, other)]
    moved = values[1] - values[0]
    gained, lost = int((moved[inside] > 0).sum()), int((moved[inside] < 0).sum())
    clusters = one.rows.clusters
    p = mcnemar(gained, lost) if clusters is None else sign_flip(moved[inside], clusters[inside], seed=one.family.seed)
    before, after = (float(v[inside].mean()) for v in values)
    gaps_of = before - float(values[0][background].mean()), after - float(values[1][background].mean())
    if one.comparison.design == "crossed" and clusters is not None:
        sides = inside[:, None], background[:, None], clusters
        within = [float(strata_of(v, *sides).gap[0]) for v in values]
        if np.isnan(within).any():  # no template holds both
            return None
        gaps_of, interval = (within[0], within[1]), strata_of(moved, *sides).interval(0, LEVEL, rate=False)
    else:
        interval = cluster_gap_interval(
            moved, inside, background, np.arange(len(moved)) if clusters is None else clusters,
            design="nested", seed=one.family.seed, resamples=one.family.resamples,
        )  # fmt: skip
    return Change(name, one.membership.names[g], int(inside.sum()), before, after, gained, lost, p, *gaps_of, interval)
