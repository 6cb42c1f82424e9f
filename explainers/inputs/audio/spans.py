"""Stretches of a recording: equal ones, or those in which the words of a transcript are heard."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...contract import FloatArray, Ids, TimeSpan

MOST_WORDS = 24  # stretches of words; of more, equal stretches play
EQUAL = 24  # equal stretches at most
SHORTEST = 0.1  # seconds of an equal stretch
SMOOTHED = 7  # cells over which the alignment takes the median
BACK, ON = 15, 5  # cells before and after its place in which a boundary of words is moved to the quietest stretch
QUIET = 0.1  # of the difference between the quietest and the loudest cell there


def equal(cells: int, cell: float) -> Ids:
    """(cells,) the stretch of each cell: equal ones, at most EQUAL and none shorter than SHORTEST."""
    count = max(1, min(EQUAL, cells, int(cells * cell / SHORTEST)))
    return np.asarray(np.arange(cells) * count // cells, dtype=np.int64)


def words_in(labels: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """First and last + 1 token of each word: a word begins where a blank does, and signs belong to the word before."""
    starts = [number for number in range(len(labels)) if number == 0 or _begins(labels[number:])]
    return tuple(zip(starts, [*starts[1:], len(labels)], strict=True))


def _begins(labels: Sequence[str]) -> bool:
    """Whether a word, rather than a sign that stands alone, follows the blank with which these tokens begin."""
    rest = "".join(labels).split(maxsplit=1)
    return labels[0][:1].isspace() and bool(rest) and any(map(str.isalnum, rest[0]))


def along_words(weights: FloatArray, words: Sequence[tuple[int, int]], loudness: FloatArray) -> Ids:
    """(cells,) the word that is heard in each cell; what follows the last one is number len(words).

    weights: (heads, tokens + 1, cells), how much each token, the end last, looks at each cell. The order of words is
    that of time (Whisper's own way: dynamic time warping over attention that is normed by cell and smoothed). A token
    looks at the middle of its word, so that a boundary comes late: it is moved to the quietest stretch near it, of
    `loudness` (cells,).
    """
    from scipy.ndimage import median_filter

    spread = weights.std(axis=1, keepdims=True)
    normed = (weights - weights.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    smooth = median_filter(normed, size=(1, 1, SMOOTHED), mode="reflect").mean(axis=0)
    tokens = _warped(-smooth)  # (cells,)
    number = np.full(weights.shape[1], len(words), dtype=np.int64)
    for word, (start, stop) in enumerate(words):
        number[start:stop] = word
    return _at_pauses(np.asarray(number[tokens], dtype=np.int64), loudness)


def _at_pauses(owner: Ids, loudness: FloatArray) -> Ids:
    """The words with each boundary moved to the middle of the quietest stretch near it."""
    cuts = [0, *(np.flatnonzero(np.diff(owner)) + 1).tolist(), len(owner)]
    moved = owner.copy()
    for before, cut, after in zip(cuts, cuts[1:-1], cuts[2:], strict=False):
        first, last = max(cut - BACK, (before + cut) // 2), min(cut + ON, (cut + after) // 2)
        near = loudness[first : last + 1]
        quiet = np.flatnonzero(near <= near.min() + QUIET * np.ptp(near))
        runs = np.split(quiet, np.flatnonzero(np.diff(quiet) > 1) + 1)
        longest = max(runs, key=len)
        place = first + int(longest[len(longest) // 2])
        moved[min(place, cut) : max(place, cut)] = owner[cut] if place < cut else owner[cut - 1]
    return moved


def _warped(cost: FloatArray) -> Ids:
    """(columns,) the first row of each column on the cheapest path through (rows, columns), from corner to corner."""
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    for column in range(columns):
        for row in range(rows):
            best = min(total[row, column], total[row, column + 1], total[row + 1, column])
            total[row + 1, column + 1] = cost[row, column] + best
    found = np.zeros(columns, dtype=np.int64)
    row, column = rows, columns
    while row > 0 and column > 0:
        found[column - 1] = row - 1
        steps = (total[row - 1, column - 1], total[row - 1, column], total[row, column - 1])
        step = int(np.argmin(steps))
        row, column = row - (step != 2), column - (step != 1)
    return found


def spans(owner: Ids, cell: float, seconds: float, words: Sequence[str] = ()) -> tuple[Ids, tuple[TimeSpan, ...]]:
    """Stretches of equal owner, numbered from 0 in the order of time, and where each lies.

    words: of each owner, empty beyond them.
    """
    starts = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1))
    numbered: Ids = np.cumsum(np.isin(np.arange(len(owner)), starts)) - 1
    stops = [*starts[1:].tolist(), len(owner)]
    found = tuple(
        TimeSpan(
            start=round(start * cell, 4),
            end=min(round(stop * cell, 4), seconds),
            word=words[owner[start]] if owner[start] < len(words) else "",
        )
        for start, stop in zip(starts.tolist(), stops, strict=True)
    )
    return numbered, found
