"""Words of a selection against those of the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...audit.data.values import Bools, Floats
from ...audit.statistics.multiplicity import q_values
from ...audit.statistics.normal import two_sided

MOST = 12


@dataclass(frozen=True, slots=True)
class WordLine:
    """share, rest: of the texts on either side that have the word. z: the difference of their log-odds in units of its
    standard error. q: corrected over all words that were looked at."""

    word: str
    share: float
    rest: float
    n: int
    z: float
    q: float


def contrast(
    holders: Mapping[str, Bools], inside: Bools, outside: Bools, *, alpha: float = 0.05
) -> tuple[WordLine, ...]:
    """Words that are more or less frequent inside than outside, the surest first; none where either side is empty."""
    counts = np.array([(int((rows & inside).sum()), int((rows & outside).sum())) for rows in holders.values()], float)
    return contrast_of(list(holders), counts.reshape(-1, 2), int(inside.sum()), int(outside.sum()), alpha=alpha)


def contrast_of(words: Sequence[str], counts: Floats, n: int, m: int, *, alpha: float = 0.05) -> tuple[WordLine, ...]:
    """counts (words, 2): texts inside and outside that have the word, of n and m.

    Half a text is added to every count, so that a word that one side lacks has odds (Haldane and Anscombe).
    """
    if not n or not m or not len(counts):
        return ()
    a, b = counts[:, 0] + 0.5, counts[:, 1] + 0.5
    c, d = n - counts[:, 0] + 0.5, m - counts[:, 1] + 0.5
    z = (np.log(a / c) - np.log(b / d)) / np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    q = q_values(two_sided(z))
    found = [
        WordLine(words[k], counts[k, 0] / n, counts[k, 1] / m, int(counts[k, 0]), float(z[k]), float(q[k] or 0.0))
        for k in np.argsort(-np.abs(z), kind="stable")
    ]
    return tuple(line for line in found if line.q <= alpha)[:MOST]
