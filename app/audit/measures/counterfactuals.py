"""Changes of the score when only the group named in a text changes (audit measure 2.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..data.values import LEVEL, Bools, Figure, Floats, Ints, Reason, divided
from ..statistics.exact import mcnemar, sign_flip
from ..statistics.intervals import wilson

MOVED = 0.05  # a change of the probability worth counting


@dataclass(frozen=True)
class Pairs:
    """A text and the same text with another group: scores before and after, (pairs,) each.

    source, target: numbers of the groups in `names`. texts: which text a pair comes from. clusters: its template or
    document, None where every pair stands alone. Pairs that a reviewer marked as not comparable are left out by `keep`.
    """

    before: Floats
    after: Floats
    source: Ints
    target: Ints
    texts: Ints
    names: tuple[str, ...]
    threshold: float = 0.5
    clusters: Ints | None = None

    def __len__(self) -> int:
        return len(self.before)

    @property
    def change(self) -> Floats:
        found: Floats = self.after - self.before
        return found

    def keep(self, chosen: Bools) -> Pairs:
        """Some of the pairs: those that are comparable, or those whose text is not of the class."""
        return Pairs(
            self.before[chosen],
            self.after[chosen],
            self.source[chosen],
            self.target[chosen],
            self.texts[chosen],
            self.names,
            self.threshold,
            None if self.clusters is None else self.clusters[chosen],
        )


@dataclass(frozen=True)
class Flips:
    """How often the decision changes. rate: over all pairs; gained: among pairs not selected before; lost: among the
    selected. p: that flips go either way equally often, exact McNemar, or sign flips of cluster totals."""

    rate: Figure
    gained: Figure
    lost: Figure
    p: float
    test: str


@dataclass(frozen=True)
class Effects:
    """mean change of the probability (from, to) and the pairs behind it; NaN where there are none."""

    names: tuple[str, ...]
    mean: Floats
    n: Ints


def flips(pairs: Pairs, *, seed: int = 0) -> Flips:
    """Decisions at the threshold before and after, and the test that they move in no direction."""
    was, is_now = pairs.before >= pairs.threshold, pairs.after >= pairs.threshold
    gained, lost = ~was & is_now, was & ~is_now
    if pairs.clusters is None:
        p, test = mcnemar(int(gained.sum()), int(lost.sum())), "McNemar, exact"
    else:
        p, test = sign_flip(gained.astype(np.float64) - lost, pairs.clusters, seed=seed), "sign flip of clusters"
    independent = pairs.clusters is None
    return Flips(
        _share(gained | lost, np.ones(len(pairs), dtype=bool), independent),
        _share(gained, ~was, independent),
        _share(lost, was, independent),
        p,
        test,
    )


def _share(events: Bools, among: Bools, independent: bool) -> Figure:
    n, count = int(among.sum()), int(events.sum())
    if n == 0:
        return Figure(None, 0, reason=Reason.NO_ROWS)
    return Figure(count / n, n, wilson(count, n, level=LEVEL) if independent else None)


def effect_matrix(pairs: Pairs) -> Effects:
    """Mean signed change for every ordered pair of groups."""
    shape = (len(pairs.names), len(pairs.names))
    sums, counts = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    np.add.at(sums, (pairs.source, pairs.target), pairs.change)
    np.add.at(counts, (pairs.source, pairs.target), 1)
    return Effects(pairs.names, divided(sums, counts), counts)


def token_fairness_gap(pairs: Pairs) -> Figure:
    """mean over texts of the mean over its variants of |change| (Garg et al. 2019, arXiv:1809.10610)."""
    if not len(pairs):
        return Figure(None, 0, reason=Reason.NO_ROWS)
    _, at = np.unique(pairs.texts, return_inverse=True)
    per_text = np.bincount(at, weights=np.abs(pairs.change)) / np.bincount(at)
    return Figure(float(per_text.mean()), len(per_text))


def share_moved(pairs: Pairs, *, by: float = MOVED) -> Figure:
    """Share of pairs whose probability changes by more than .05, with Wilson's interval if pairs stand alone."""
    everything = np.ones(len(pairs), dtype=bool)
    return _share(np.abs(pairs.change) > by, everything, pairs.clusters is None)


def spread_per_text(pairs: Pairs) -> Floats:
    """(texts,): highest minus lowest probability over a text and its variants, by rising number of the text."""
    _, at = np.unique(pairs.texts, return_inverse=True)
    count = int(at.max()) + 1 if len(at) else 0
    high, low = np.full(count, -np.inf), np.full(count, np.inf)
    for scores in (pairs.before, pairs.after):
        np.maximum.at(high, at, scores)
        np.minimum.at(low, at, scores)
    found: Floats = high - low
    return found
