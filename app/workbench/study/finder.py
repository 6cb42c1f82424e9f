"""Slices in which a model fails more than elsewhere: sought on one half of the rows, tested on the other.

A search tries thousands of conditions, so the best of them looks bad by chance alone. Here the search sees one half
and names a few candidates; their figures and tests come from the other half, corrected over the candidates. Where the
errors have nothing to do with the texts, a slice is announced in at most alpha of all data sets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...audit.data.values import Bools, Floats, Ints
from ...audit.statistics.power import detectable_gap
from .choose import chosen
from .figures import Figures, corrected, figures_of
from .frame import Frame
from .language import Compared, Condition, Contains, Is, both

ALPHA = 0.05
MOST = 8  # candidates that go to the other half
FEWEST = 8  # rows of a candidate in the half in which it is sought
MOST_ROWS, MOST_WORDS = 20_000, 1_500  # of the half that is searched
LENGTHS = (0.1, 0.25, 0.5, 0.75, 0.9)  # of the texts are shorter
BEAM, DEEPEST = 24, 3
LEAST = 8.0  # the deviance of a candidate: p = .005 were it the only one
BETTER = 6.6  # deviance that each condition adds within the rows of the others: p = .01
Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Candidate:
    """sought: figures on the half that was searched, which flatter the finding; held: on the other, which do not.

    examples: rows of it that are wrong, from the other half, the most confident first.
    """

    condition: Condition
    sought: Figures
    held: Figures
    confirmed: bool
    examples: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """tried: how many conditions were looked at. detectable: the gap that 5 % of the other half would show four times
    in five, tested alone."""

    candidates: tuple[Candidate, ...]
    tried: int
    halves: tuple[int, int]
    detectable: float | None

    @property
    def announced(self) -> tuple[Candidate, ...]:
        return tuple(each for each in self.candidates if each.confirmed)


@dataclass(frozen=True, slots=True)
class _Features:
    """names[j] is true of the rows (n,) where matrix[:, j] is 1."""

    names: tuple[Condition, ...]
    matrix: Matrix

    def together(self, columns: Iterable[int]) -> bool:
        """Whether they may be joined. States tell the prediction, so that a label with a cluster would say no more than
        that the two differ; and no row has two labels, values of a group, or clusters."""
        fields = [each.field for each in (self.names[j] for j in columns) if isinstance(each, Is)]
        return len(set(fields)) == len(fields) and not {"label", "cluster"} <= set(fields)


def find(frame: Frame, *, tags: Sequence[str] = (), seed: int = 0, alpha: float = ALPHA) -> Findings:
    """The candidates, those that are confirmed first and the surest first among them. tags: those that may be part of
    a slice; a tag that is made of the prediction would find itself. Raises nothing: too few rows give no candidate."""
    first, second = halves_of(frame, seed=seed)
    rows = np.flatnonzero(first)
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
    features = _features(frame, rows, tags)
    conditions = list(_candidates(features, frame.wrong[rows])) if len(features.names) else []
    masks = [chosen(frame, condition) for condition in conditions]
    sought = [figures_of(frame, mask, among=first) for mask in masks]
    held = corrected([figures_of(frame, mask, among=second) for mask in masks])
    found = [
        Candidate(condition, before, after, _confirmed(after, alpha), _examples(frame, mask & second))
        for condition, mask, before, after in zip(conditions, masks, sought, held, strict=True)
    ]
    order = sorted(found, key=lambda each: (not each.confirmed, 1.0 if each.held.p is None else each.held.p))
    small = max(1, int(second.sum()) // 20)
    everywhere = figures_of(frame, second, among=second)
    detectable = None
    if everywhere.accuracy is not None and everywhere.n > small:
        gap = detectable_gap(everywhere.accuracy, small, everywhere.n - small)
        detectable = gap if gap is not None and gap < everywhere.accuracy else None  # no slice can fail more
    return Findings(tuple(order), len(features.names), (int(first.sum()), int(second.sum())), detectable)


def halves_of(frame: Frame, *, seed: int) -> tuple[Bools, Bools]:
    """Two halves of the judged rows. Texts of the same words are in the same half, so that none confirms itself."""
    kinds: dict[str, int] = {}
    alike = np.array([kinds.setdefault(" ".join(words), len(kinds)) for words in frame.words], dtype=np.int64)
    heads = np.random.default_rng(seed).permutation(len(kinds)) < len(kinds) // 2
    first: Bools = frame.judged & heads[alike] if len(kinds) else frame.judged
    return first, frame.judged & ~first


def _confirmed(held: Figures, alpha: float) -> bool:
    return held.q is not None and held.q <= alpha and held.gap is not None and held.gap < 0


def _examples(frame: Frame, mask: Bools) -> tuple[int, ...]:
    rows = np.flatnonzero(mask & frame.wrong)
    return tuple(int(row) for row in rows[np.argsort(-frame.confidence[rows], kind="stable")][:3])


def _features(frame: Frame, rows: Ints, tags: Sequence[str]) -> _Features:
    """The conditions of which a slice is made: words, lengths, labels, groups, tags and clusters of some rows."""
    names: list[Condition] = []
    columns: list[Bools] = []
    for name, column in (*_words(frame, rows), *_columns(frame, rows, tags)):
        if FEWEST <= column.sum() <= len(rows) - FEWEST:
            names.append(name)
            columns.append(column)
    matrix = np.stack(columns, axis=1).astype(np.float32) if columns else np.zeros((len(rows), 0), np.float32)
    return _Features(tuple(names), matrix)


def _words(frame: Frame, rows: Ints) -> Iterator[tuple[Condition, Bools]]:
    holders: dict[str, list[int]] = {}
    often = Counter(word for row in rows for word in set(frame.words[row]))
    kept = {word for word, count in often.most_common(MOST_WORDS) if count >= FEWEST}
    for at, row in enumerate(rows):
        for word in kept.intersection(frame.words[row]):
            holders.setdefault(word, []).append(at)
    for word in sorted(kept):
        column = np.zeros(len(rows), dtype=np.bool_)
        column[holders[word]] = True
        yield Contains(word), column


def _columns(frame: Frame, rows: Ints, tags: Sequence[str]) -> Iterator[tuple[Condition, Bools]]:
    length = frame.length[rows]
    for cut in sorted({int(each) for each in np.quantile(length, LENGTHS)} if len(rows) else ()):
        yield Compared("words", "<", float(cut)), length < cut
        yield Compared("words", ">=", float(cut)), length >= cut
    for name in frame.classes:
        yield Is("label", name), frame.label.equals(name)[rows]
    for column, values in frame.groups.items():
        for value in values.names[:200]:
            yield Is(f"group:{column}", value), values.equals(value)[rows]
    for tag in tags:
        if tag in frame.tags:
            yield Is("tag", tag), frame.tags[tag][rows]
    clusters = np.zeros(len(frame), dtype=np.int64) - 1 if frame.clusters is None else frame.clusters
    for cluster in np.unique(clusters[clusters >= 0]).tolist():
        yield Is("cluster", str(cluster)), np.asarray(clusters[rows] == cluster)


def _candidates(features: _Features, wrong: Bools) -> Iterator[Condition]:
    """The worst slice, then the worst of the rows that are left, and so on."""
    left = np.ones(len(wrong), dtype=np.bool_)
    for _ in range(MOST):
        best = _worst(features, left, wrong[left])
        if best is None:
            return
        yield both(*(features.names[j] for j in best))
        inside = features.matrix[:, list(best)].all(axis=1)
        left &= ~inside


def _worst(features: _Features, rows: Bools, wrong: Bools) -> tuple[int, ...] | None:
    """The columns whose common rows deviate most towards errors; each must add to the others. A condition more costs
    what the best of as many columns would gain by chance."""
    matrix, errors = features.matrix[rows], wrong.astype(np.float32)
    if len(wrong) < 2 * FEWEST or not 0 < errors.sum() < len(wrong):
        return None
    price = 2 * float(np.log(max(matrix.shape[1], 2)))
    single = deviance(matrix.sum(axis=0), errors @ matrix, len(wrong), float(errors.sum()))
    beam: list[tuple[tuple[int, ...], float]] = [
        ((int(j),), float(single[j])) for j in np.argsort(-single, kind="stable")[:BEAM]
    ]
    best: tuple[tuple[int, ...], float] = beam[0] if beam else ((), 0.0)
    for depth in range(1, DEEPEST):
        grown: dict[tuple[int, ...], float] = {}
        for columns, _ in beam:
            for j, score in _grown(matrix, errors, columns):
                if not features.together((*columns, j)):
                    continue
                grown[tuple(sorted((*columns, j)))] = score - depth * price
        beam = sorted(grown.items(), key=lambda each: -each[1])[:BEAM]
        if beam and beam[0][1] > best[1]:
            best = beam[0]
        beam = [each for each in beam if all(_adds(matrix, errors, each[0], j) for j in each[0])]
        if not beam:
            break
    if best[1] < LEAST:
        return None
    return best[0]


def _grown(matrix: Matrix, errors: Matrix, columns: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """Further columns that make the slice worse, with the deviance of the whole."""
    inside = matrix[:, list(columns)].all(axis=1)
    n, wrong = matrix[inside].sum(axis=0), errors[inside] @ matrix[inside]
    adds = deviance(n, wrong, int(inside.sum()), float(errors[inside].sum()))
    scores = deviance(n, wrong, len(errors), float(errors.sum()))
    for j in np.flatnonzero(adds >= BETTER).tolist():
        if j not in columns and all(_adds(matrix, errors, (*columns, j), other) for other in columns):
            yield j, float(scores[j])


def _adds(matrix: Matrix, errors: Matrix, columns: tuple[int, ...], one: int) -> bool:
    """Whether rows of the other columns fail more where this one is true, too."""
    others = [j for j in columns if j != one]
    inside = matrix[:, others].all(axis=1)
    with_it = inside & (matrix[:, one] > 0)
    counts = np.array([with_it.sum()]), np.array([errors[with_it].sum()])
    return float(deviance(*counts, int(inside.sum()), float(errors[inside].sum()))[0]) >= BETTER


def deviance(n: Floats | Matrix, wrong: Floats | Matrix, total: int, errors: float) -> Floats:
    """Twice the log-likelihood ratio of two rates against one, of `wrong` among `n` rows and the rest of `total`; 0
    where the slice is better than the rest or has too few rows."""
    n, wrong = np.asarray(n, np.float64), np.asarray(wrong, np.float64)
    rest, other = total - n, errors - wrong
    parts = [_entropy(wrong, n), _entropy(other, rest)]
    gained: Floats = 2 * (parts[0] + parts[1] - _entropy(np.array(errors), np.array(float(total))))
    worse = wrong * np.maximum(rest, 1) > other * n
    return np.where(worse & (n >= FEWEST) & (rest > 0), np.maximum(gained, 0.0), 0.0)


def _entropy(events: Floats, n: Floats) -> Floats:
    """The log-likelihood of the events at their own rate."""
    rate = np.clip(events / np.maximum(n, 1), 1e-12, 1 - 1e-12)
    found: Floats = events * np.log(rate) + (n - events) * np.log(1 - rate)
    return found
