"""Texts that are the same, and texts that are nearly the same: by character n-grams, without comparing all with all.

Every text becomes the set of its character 3-grams, spaces, case and punctuation aside, so that languages without
spaces work as well. MinHash signatures (Broder 1997) in bands propose pairs; the Jaccard similarity of the sets, exact,
decides. A pair at the default similarity is proposed with probability .998.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
GRAM = 3  # characters of an n-gram
BANDS, ROWS = 32, 4  # of the signature
LEAST = 0.65  # similarity from which two texts are nearly the same: most edits of one word in a sentence pass it
CROWD = 40  # texts of one bucket that are compared each with each; in a larger one, each with its first ones
CHUNK = 2**20  # products of n-grams and hash functions computed together
MIXER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Near:
    """Two texts by their numbers, `first` before `second`, and the Jaccard similarity of their n-grams."""

    first: int
    second: int
    similarity: float


def fingerprint(text: str) -> str:
    """Equal for texts that differ in case, punctuation or spacing only."""
    return re.sub(r"\W+", "", text).casefold()


def place(text: str, salt: object) -> float:
    """A number from 0 to 1, drawn by a hash: the same for texts with one fingerprint, another one for another salt."""
    digest = hashlib.sha256(f"{salt} {fingerprint(text)}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def same_texts(texts: Sequence[str]) -> list[tuple[int, ...]]:
    """Numbers of the texts of each fingerprint that occurs more than once, in the order of their first."""
    return [rows for rows in _by_fingerprint(texts).values() if len(rows) > 1]


def near_texts(texts: Sequence[str], *, least: float = LEAST, seed: int = 0) -> list[Near]:
    """Pairs of different fingerprints whose similarity is `least` or more, in the order of their numbers.

    Texts of one fingerprint are represented by their first. Texts of fewer than 3 letters are compared as wholes.
    """
    return _near(_by_fingerprint(texts), least=least, seed=seed)


def seen_before(texts: Sequence[str], others: Sequence[str], *, least: float = LEAST) -> dict[int, tuple[int, float]]:
    """Numbers of `texts` that are in `others` too → the most similar one there, and their similarity (1: the same)."""
    known = {_key(text): row for row, text in reversed(list(enumerate(others)))}
    found = {row: (known[key], 1.0) for row, text in enumerate(texts) if (key := _key(text)) in known}
    count = len(others)
    groups = _by_fingerprint([*others, *texts])
    alike = {rows[0]: rows for rows in groups.values()}
    for pair in _near(groups, least=least):
        if pair.first >= count or pair.second < count:
            continue
        for row in alike[pair.second]:
            best = found.get(row - count)
            if best is None or best[1] < pair.similarity:
                found[row - count] = (pair.first, pair.similarity)
    return found


def _near(groups: Mapping[str, tuple[int, ...]], *, least: float, seed: int = 0) -> list[Near]:
    """groups: numbers of texts by fingerprint."""
    firsts = [rows[0] for rows in groups.values()]
    grams = list(map(_grams, groups))
    found = []
    for a, b in sorted(_proposed(grams, seed=seed)):
        shared = len(np.intersect1d(grams[a], grams[b], assume_unique=True))
        similarity = shared / (len(grams[a]) + len(grams[b]) - shared)
        if similarity >= least:
            found.append(Near(firsts[a], firsts[b], similarity))
    return found


def _by_fingerprint(texts: Iterable[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        found.setdefault(_key(text), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def _key(text: str) -> str:
    """Texts without a letter or digit are told apart as they stand."""
    return fingerprint(text) or text.strip()


def _grams(key: str) -> Hashes:
    """A hash of every distinct n-gram, sorted."""
    points = np.frombuffer(key.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    size = min(GRAM, max(len(points), 1))
    mixed = np.zeros(max(len(points) - size + 1, 1), dtype=np.uint64)
    for at in range(min(size, len(points))):
        mixed = _mixed(mixed * MIXER + points[at : at + len(mixed)])
    return np.unique(mixed)


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _signatures(grams: Sequence[Hashes], *, seed: int) -> Hashes:
    """(texts, bands): a hash of the smallest values of each band's functions."""
    salts = np.random.default_rng(seed).integers(0, 2**64, BANDS * ROWS, dtype=np.uint64)
    smallest = np.empty((len(grams), len(salts)), dtype=np.uint64)
    for row, each in enumerate(grams):
        step = max(1, CHUNK // len(salts))
        parts = [_mixed(each[at : at + step, None] ^ salts).min(axis=0) for at in range(0, len(each), step)]
        smallest[row] = np.minimum.reduce(parts)
    banded = smallest.reshape(len(grams), BANDS, ROWS)
    folded = banded[..., 0]
    for at in range(1, ROWS):
        folded = _mixed(folded * MIXER + banded[..., at])
    return folded


def _proposed(grams: Sequence[Hashes], *, seed: int) -> set[tuple[int, int]]:
    """Pairs that share a bucket of some band."""
    pairs: set[tuple[int, int]] = set()
    if len(grams) < 2:
        return pairs
    for column in _signatures(grams, seed=seed).T:
        order = np.argsort(column, kind="stable")
        starts = np.flatnonzero(np.diff(column[order])) + 1
        for bucket in np.split(order, starts):
            members = bucket.tolist()
            for number, member in enumerate(members[1:], start=1):
                earlier = members[:number] if len(members) <= CROWD else members[: min(number, CROWD)]
                pairs.update((other, member) for other in earlier)
    return pairs
