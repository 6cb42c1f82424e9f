"""Texts that are nearly the same: MinHash over groups of four characters, checked by their true overlap.

Broder 1997. Two texts are near-duplicates where at least 85 % of the groups of four characters that either has are in
both, after case, punctuation and blanks are evened out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ...audit.data.values import Ints

OVERLAP = 0.85
GROUP = 4  # characters
BANDS, BAND = 16, 4  # hashes: texts that overlap by .85 share a band in 99.9997 % of cases
CROWD = 40  # texts in a bucket that are compared each with each; more are compared with the first
PRIME = (1 << 31) - 1
Hashes = NDArray[np.uint64]


def alike(words: Sequence[Sequence[str]]) -> Ints:
    """(n,): number of the first text that a text is nearly the same as, its own where there is none before it. That
    text itself overlaps enough: likeness is not handed on from one to the next."""
    groups = [_hashes(" ".join(each)) for each in words]
    earlier: dict[int, list[int]] = defaultdict(list)
    for one, other in _pairs(groups):
        earlier[max(one, other)].append(min(one, other))
    found = np.arange(len(words), dtype=np.int64)
    for row in sorted(earlier):
        firsts = sorted({int(found[each]) for each in earlier[row]})
        found[row] = next((each for each in firsts if overlap(groups[each], groups[row]) >= OVERLAP), row)
    return found


def overlap(one: Hashes, other: Hashes) -> float:
    """Jaccard's index of two sets of hashes; 1 of two empty ones."""
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / max(len(one) + len(other) - shared, 1) if len(one) or len(other) else 1.0


def _hashes(text: str) -> Hashes:
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    if not len(codes):
        return np.zeros(0, dtype=np.uint64)
    size = min(GROUP, len(codes))
    found = np.zeros(len(codes) - size + 1, dtype=np.uint64)
    for at in range(size):
        found = (found * np.uint64(1_000_003) + codes[at : len(codes) - size + at + 1]) % np.uint64(PRIME)
    return np.unique(found)


def _pairs(groups: Sequence[Hashes]) -> Iterator[tuple[int, int]]:
    """Pairs that share a band of their signatures, each once."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, PRIME, (BANDS * BAND, 1), dtype=np.uint64)
    shifts = rng.integers(0, PRIME, (BANDS * BAND, 1), dtype=np.uint64)
    buckets: dict[tuple[int, bytes], list[int]] = defaultdict(list)
    for row, hashes in enumerate(groups):
        if len(hashes):
            least = ((factors * hashes + shifts) % np.uint64(PRIME)).min(axis=1).reshape(BANDS, BAND)
            for band in range(BANDS):
                buckets[band, least[band].tobytes()].append(row)
    seen: set[tuple[int, int]] = set()
    for rows in buckets.values():
        pairs: Iterable[tuple[int, int]] = combinations(rows, 2)
        if len(rows) > CROWD:
            pairs = ((rows[0], row) for row in rows[1:])
        for pair in pairs:
            if pair not in seen:
                seen.add(pair)
                yield pair
