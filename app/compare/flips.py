"""Two models on the same rows: whom each is right about, and whether the flips go one way more than the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from ..audit.data.values import LEVEL, Bools, Interval, Ints
from ..audit.statistics.exact import mcnemar
from ..audit.statistics.multiplicity import q_values
from ..audit.statistics.normal import quantile


@dataclass(frozen=True, slots=True)
class Flips:
    """Rows that model B is right about and A is not (`better`), and the other way round (`worse`).

    difference: accuracy of B minus accuracy of A. p: McNemar's exact test. q: p among the tests it belongs to.
    """

    n: int
    both: int
    neither: int
    better: int
    worse: int
    p: float
    interval: Interval | None
    q: float | None = None

    @property
    def accuracy(self) -> tuple[float, float] | None:
        if not self.n:
            return None
        return (self.both + self.worse) / self.n, (self.both + self.better) / self.n

    @property
    def difference(self) -> float | None:
        return (self.better - self.worse) / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Churn:
    """Rows that change from one predicted class to another."""

    before: str
    after: str
    rows: int
    better: int
    worse: int


def flips_of(first: Bools, second: Bools, *, level: float = LEVEL) -> Flips:
    """first, second (n,): whether model A and model B are right about each row."""
    both, neither = int((first & second).sum()), int((~first & ~second).sum())
    better, worse = int((~first & second).sum()), int((first & ~second).sum())
    return flips_between(both=both, better=better, worse=worse, neither=neither, level=level)


def flips_between(*, both: int, better: int, worse: int, neither: int, level: float = LEVEL) -> Flips:
    """The flips by the four counts of a table of two models."""
    n = both + better + worse + neither
    interval = paired_interval(better, worse, n, level=level)
    return Flips(n, both, neither, better, worse, mcnemar(better, worse), interval)


def flips_by_slice(first: Bools, second: Bools, slices: Sequence[Bools]) -> list[Flips]:
    """The flips within each slice (n,), with q-values by Benjamini and Hochberg over the slices."""
    found = [flips_of(first[mask], second[mask]) for mask in slices]
    return [
        Flips(each.n, each.both, each.neither, each.better, each.worse, each.p, each.interval, q)
        for each, q in zip(found, q_values([each.p for each in found]), strict=True)
    ]


def paired_interval(better: int, worse: int, n: int, *, level: float = LEVEL) -> Interval | None:
    """Interval of (better − worse) / n for paired rows: Wald's after half a row is added to each of the four cells
    (Agresti & Min 2005). None without rows."""
    if n == 0:
        return None
    gained, lost, rows = better + 0.5, worse + 0.5, n + 2
    gap = (gained - lost) / rows
    variance = (gained + lost - (gained - lost) ** 2 / rows) / rows**2
    half = quantile((1 + level) / 2) * variance**0.5
    return Interval(max(gap - half, -1.0), min(gap + half, 1.0), "Agresti-Min", level)


def churn_of(
    labels: Sequence[str], first: Ints, second: Ints, *, right: tuple[Bools, Bools] | None = None
) -> tuple[Churn, ...]:
    """Each change of the predicted class, the most frequent first. first, second (n,): numbers of `labels`."""
    moved = np.flatnonzero((first != second) & (first >= 0) & (second >= 0))
    pairs: dict[tuple[int, int], list[int]] = {}
    for row in moved.tolist():
        pairs.setdefault((int(first[row]), int(second[row])), []).append(row)
    found = []
    for (before, after), rows in pairs.items():
        better = worse = 0
        if right is not None:
            better = int((~right[0][rows] & right[1][rows]).sum())
            worse = int((right[0][rows] & ~right[1][rows]).sum())
        found.append(Churn(labels[before], labels[after], len(rows), better, worse))
    return tuple(sorted(found, key=lambda each: (-each.rows, each.before, each.after)))


def common_classes(*models: Sequence[str]) -> tuple[str, ...]:
    """The classes of all models in the order of the first that has them."""
    seen: Mapping[str, None] = dict.fromkeys(chain(*models))
    return tuple(seen)
