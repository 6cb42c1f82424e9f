"""From a gap to the words that make it, and what removing them does (audit measure 2.7).

The gap is one of mean outputs, which attributions add up to; a gap of rates is thresholded, so that a word is held
against it by removing or swapping the word on those texts and counting again (`causal_check`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ..data.values import Bools, Floats, Interval, Ints
from ..statistics.bootstrap import RESAMPLES, cluster_design, cluster_gap_interval
from ..statistics.multiplicity import q_values
from .attribution import WORD_CLASSES

FRAME = "text length and frame"
TOLERANCE = 0.01  # of mean |f(x) − f(baseline)|: a larger residual means the method does not add up


@dataclass(frozen=True)
class Side:
    """The texts on one side of a gap: sums (texts, classes), outputs f(x) and f(baseline), clusters if any."""

    sums: Floats
    outputs: Floats
    baselines: Floats
    clusters: Ints | None = None


@dataclass(frozen=True)
class Part:
    name: str
    value: float
    interval: Interval | None


@dataclass(frozen=True)
class Decomposition:
    """gap = Σ parts + residual, in the unit of the outputs; closes where |residual| is within the tolerance."""

    gap: float
    gap_interval: Interval | None
    parts: tuple[Part, ...]
    residual: float
    tolerance: float

    @property
    def closes(self) -> bool:
        return abs(self.residual) <= self.tolerance


def decompose(group: Side, comparison: Side, *, seed: int = 0, resamples: int = RESAMPLES) -> Decomposition:
    """The gap in mean output between two sets of texts as a sum over classes of words.

    Each class: mean of its sums in the group minus in the comparison; frame: the same of f(baseline). What a complete
    method leaves over is the residual. Both sides must be drawn alike.
    """
    both = np.concatenate([group.sums, comparison.sums])
    baselines = np.concatenate([group.baselines, comparison.baselines])
    outputs = np.concatenate([group.outputs, comparison.outputs])
    inside = np.arange(len(outputs)) < len(group.outputs)
    clusters = np.arange(len(outputs))
    if group.clusters is not None and comparison.clusters is not None:
        clusters = np.concatenate([group.clusters, comparison.clusters])
    design = cluster_design(inside[:, None], ~inside[:, None], clusters)

    def interval(values: Floats) -> Interval | None:
        return cluster_gap_interval(values, inside, ~inside, clusters, design=design, seed=seed, resamples=resamples)

    def gap(values: Floats) -> float:
        return float(values[inside].mean() - values[~inside].mean())

    columns = [*zip(WORD_CLASSES, both.T, strict=True), (FRAME, baselines)]
    parts = tuple(Part(name, gap(values), interval(values)) for name, values in columns)
    whole = gap(outputs)
    residual = whole - sum(part.value for part in parts)
    tolerance = TOLERANCE * float(np.abs(outputs - baselines).mean())
    return Decomposition(whole, interval(outputs), parts, residual, tolerance)


@dataclass(frozen=True)
class WordEffect:
    """A word's claim on a gap: its mean contribution per text in the group minus in the comparison."""

    word: str
    texts: int  # of the group that hold it
    other_texts: int
    claim: float
    p: float
    q: float | None


def word_table(
    group: Sequence[tuple[Sequence[str], Floats]],
    comparison: Sequence[tuple[Sequence[str], Floats]],
    *,
    least: int = 3,
    permutations: int = 2_000,
    seed: int = 0,
) -> tuple[WordEffect, ...]:
    """Every word (case folded) of at least so many texts: (mean score × frequency) in the group minus the comparison.

    p by permuting which texts are the group's; q over all words in the table; the largest claim first. Texts are pairs
    of words and scores and must be independent of each other.
    """
    texts = [*group, *comparison]
    index: dict[str, int] = {}
    cells: dict[tuple[int, int], float] = {}
    for t, (words, scores) in enumerate(texts):
        for word, score in zip(words, scores, strict=True):
            w = index.setdefault(word.casefold(), len(index))
            cells[t, w] = cells.get((t, w), 0.0) + float(score)
    sums, present = np.zeros((len(texts), len(index))), np.zeros((len(texts), len(index)), dtype=bool)
    for (t, w), value in cells.items():
        sums[t, w], present[t, w] = value, True
    names = np.array(list(index))
    often = present.sum(axis=0) >= least
    sums, present, names = sums[:, often], present[:, often], names[often]
    inside = np.arange(len(texts)) < len(group)
    weights = np.where(inside, 1 / max(len(group), 1), -1 / max(len(comparison), 1))
    claims = weights @ sums
    drawn = np.random.default_rng(seed).permuted(np.tile(weights, (permutations, 1)), axis=1) @ sums
    p = (1 + (np.abs(drawn) >= np.abs(claims) * (1 - 1e-9)).sum(axis=0)) / (permutations + 1)
    q = q_values(p)
    counts, other_counts = present[inside].sum(axis=0), present[~inside].sum(axis=0)
    found = [
        WordEffect(str(names[w]), int(counts[w]), int(other_counts[w]), float(claims[w]), float(p[w]), q[w])
        for w in range(len(names))
    ]
    return tuple(sorted(found, key=lambda effect: (-abs(effect.claim), effect.word)))


@dataclass(frozen=True)
class Check:
    """The effect of removing or swapping a word on the `texts` that hold it: how many decisions flip which way."""

    texts: int
    gained: int
    lost: int

    def change(self, rows: int) -> float:
        """Change of the rate over `rows` texts when the word is removed."""
        return (self.gained - self.lost) / rows


def causal_check(before: Bools, after: Bools) -> Check | None:
    """Decisions (texts,) before and after the edit; None without texts."""
    if not len(before):
        return None
    gained, lost = int((~before & after).sum()), int((before & ~after).sum())
    return Check(len(before), gained, lost)


def agreement(claims: Floats, measured: Floats) -> float | None:
    """Spearman's rank correlation of claimed and measured effects; None below three or where either is constant."""
    if len(claims) < 3 or np.ptp(claims) == 0 or np.ptp(measured) == 0:
        return None
    return float(stats.spearmanr(claims, measured).statistic)
