"""A map of the texts: two dimensions of the states that the classifier's head reads, and groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...audit.data.values import Bools, Floats, Ints
from .contrast import contrast

MOST_FITTED = 20_000  # rows that the components are computed from
WIDTH = 32  # components that neighbours are compared by
CLUSTERS = 8
FEWEST = 30  # rows: below this there is no map


@dataclass(frozen=True, eq=False, slots=True)
class Places:
    """place (n, 2): the first two principal components, scaled to −1 … 1. vectors (n, components). clusters (n,).
    explained: share of the variance that either dimension of the map holds. A row without a state lies nowhere: NaN,
    and in the cluster −1."""

    place: Floats
    vectors: Floats
    clusters: Ints
    explained: tuple[float, float]


def places_of(states: Floats, *, seed: int = 0) -> Places | None:
    """states (n, width). None where there are too few rows, or no state differs from another."""
    known = ~np.isnan(states).any(axis=1) if states.shape[1] else np.zeros(len(states), dtype=np.bool_)
    rows = np.flatnonzero(known)
    if len(rows) < FEWEST or states.shape[1] < 2:
        return None
    fitted = rows if len(rows) <= MOST_FITTED else np.random.default_rng(seed).choice(rows, MOST_FITTED, replace=False)
    mean = states[fitted].mean(axis=0)
    _, sizes, axes = np.linalg.svd(states[fitted] - mean, full_matrices=False)
    if sizes[0] <= 1e-9:
        return None
    axes = axes[:WIDTH] * np.where(axes[:WIDTH].sum(axis=1) < 0, -1, 1)[:, None]  # a map does not turn over by chance
    vectors = np.full((len(states), len(axes)), np.nan)
    vectors[rows] = (states[rows] - mean) @ axes.T
    place = vectors[:, :2]
    reach = np.nanquantile(np.abs(place), 0.999, axis=0)
    share = sizes**2 / (sizes**2).sum()
    return Places(
        place=np.clip(place / np.maximum(reach, 1e-12), -1, 1),
        vectors=vectors,
        clusters=_clusters(vectors, rows, seed),
        explained=(float(share[0]), float(share[1]) if len(share) > 1 else 0.0),
    )  # fmt: skip


def _clusters(vectors: Floats, rows: Ints, seed: int) -> Ints:
    from sklearn.cluster import MiniBatchKMeans

    found = np.full(len(vectors), -1, dtype=np.int64)
    count = min(CLUSTERS, len(rows) // 10)
    fitted = MiniBatchKMeans(count, random_state=seed, n_init=3, batch_size=1024).fit_predict(vectors[rows])
    order = np.argsort(-np.bincount(fitted, minlength=count), kind="stable")  # the largest is the first
    found[rows] = np.argsort(order)[fitted]
    return found


def names_of(clusters: Ints, words: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """The words of each cluster that the others have the least, up to three."""
    holders = word_rows(words)
    found = []
    for number in range(int(clusters.max(initial=-1)) + 1):
        inside = clusters == number
        lines = contrast(holders, inside, ~inside & (clusters >= 0))
        found.append(tuple(line.word for line in lines if line.share > line.rest)[:3])
    return tuple(found)


def word_rows(words: Sequence[Sequence[str]], *, most: int = 400) -> dict[str, Bools]:
    """The most frequent words with the rows that have them, by how many do; a word of a single row is none."""
    often: dict[str, int] = {}
    for each in words:
        for word in set(each):
            often[word] = often.get(word, 0) + 1
    kept = sorted((word for word, count in often.items() if count > 1), key=lambda word: (-often[word], word))[:most]
    found = {word: np.zeros(len(words), dtype=np.bool_) for word in kept}
    for row, each in enumerate(words):
        for word in set(each):
            if word in found:
                found[word][row] = True
    return found
