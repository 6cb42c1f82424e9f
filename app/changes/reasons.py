"""Word scores of two models on the same texts: how alike they are, and which words gained or lost.

Shapley values of the same players, the same class and the same seed, so that both games ask about the same coalitions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .._library import explainers
from ..audit.data.values import Floats
from ..audit.evidence.oracle import Oracle
from .schemas import EstimateOut, LikenessOut, WordOut

METHOD = "shap"
TOGETHER = 16  # texts that are asked at once
RESAMPLES = 2_000
FEWEST = 3  # texts that hold a word whose change is told
MOST_WORDS = 20
BEYOND = 2.0  # times the largest change between twins, from which a word has moved
Told = Callable[[float, str], None]
Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Explained:
    """Scores (classes, words) of one text, and where its words stand."""

    spans: Spans
    words: tuple[str, ...]
    scores: Floats


def answers_of(
    oracle: Oracle, texts: Sequence[str], chosen: Sequence[int], *, seed: int, tell: Callable[[float], None]
) -> dict[int, explainers.Attribution]:
    """Shapley values of the words of the chosen texts, by their numbers; a text that the model cannot read in words is
    left out."""
    found: dict[int, explainers.Attribution] = {}
    for start in range(0, len(chosen), TOGETHER):
        tell(start / len(chosen))
        found |= _answered(oracle, texts, chosen[start : start + TOGETHER], seed)
    return {row: answer for row, answer in found.items() if answer.scores is not None and len(answer.features)}


def _answered(
    oracle: Oracle, texts: Sequence[str], rows: Sequence[int], seed: int
) -> dict[int, explainers.Attribution]:
    """Explanations of texts that are asked about together; where one has none, each half is asked about alone."""
    asked = [explainers.Question.about(texts[row], players="word", long_text="cut", seed=seed) for row in rows]
    try:
        return dict(zip(rows, oracle.explain(asked, METHOD), strict=True))
    except (explainers.BadInput, explainers.Incompatible):
        if len(rows) == 1:
            return {}
        half = len(rows) // 2
        return _answered(oracle, texts, rows[:half], seed) | _answered(oracle, texts, rows[half:], seed)


def explained(
    oracle: Oracle, texts: Sequence[str], chosen: Sequence[int], *, seed: int, tell: Callable[[float], None]
) -> dict[int, Explained]:
    """The scores of the chosen texts of two words or more towards every class, by their numbers."""
    found: dict[int, Explained] = {}
    for row, answer in answers_of(oracle, texts, chosen, seed=seed, tell=tell).items():
        named = {target.label: at for at, target in enumerate(answer.targets)}
        if len(answer.features) < 2 or any(label not in named for label in oracle.facts.labels):
            continue
        spans = answer.spans
        found[row] = Explained(
            tuple((span.start, span.end) for span in spans),
            tuple(span.text.strip().casefold() for span in spans),
            np.asarray(answer.scores)[[named[label] for label in oracle.facts.labels]],
        )
    return found


@dataclass(frozen=True)
class Alike:
    """Likeness by text. rows: numbers of the texts. numbers: tau, overlap of the five strongest, agreement of signs;
    NaN where undefined. unlike: texts left out because the models cut them into different words."""

    rows: tuple[int, ...]
    numbers: Floats  # (texts, 3)
    unlike: int


def alike(one: dict[int, Explained], other: dict[int, Explained], classes: dict[int, int]) -> Alike:
    """classes: of each text the class whose scores are compared. Texts with other words are counted, not compared."""
    rows, numbers, unlike = [], [], 0
    for row in sorted(one.keys() & other.keys() & classes.keys()):
        if one[row].spans != other[row].spans:
            unlike += 1
            continue
        first, second = one[row].scores[classes[row]], other[row].scores[classes[row]]
        rows.append(row)
        numbers.append(explainers.likeness(first, second))
    filled = np.array([[np.nan if n is None else n for n in line] for line in numbers], dtype=np.float64)
    return Alike(tuple(rows), filled.reshape(-1, 3), unlike)


def likeness_of(found: Alike, *, seed: int) -> LikenessOut:
    tau, top, sign = (mean_of(column, seed=seed) for column in found.numbers.T)
    return LikenessOut(texts=len(found.rows), tau=tau, top5=top, sign=sign)


def difference_of(found: Alike, twins: Alike, *, seed: int) -> EstimateOut:
    """Tau with the new model minus tau with the twin, over the texts that have both."""
    at = {row: number for number, row in enumerate(twins.rows)}
    both = [(number, at[row]) for number, row in enumerate(found.rows) if row in at]
    gaps = [found.numbers[here, 0] - twins.numbers[there, 0] for here, there in both]
    return mean_of(np.array(gaps, dtype=np.float64), seed=seed)


def mean_of(values: Floats, *, seed: int) -> EstimateOut:
    """The mean over texts and its bootstrap percentiles; without an interval below two texts."""
    kept = values[~np.isnan(values)]
    if not len(kept):
        return EstimateOut(value=None)
    if len(kept) < 2:
        return EstimateOut(value=float(kept.mean()))
    drawn = np.random.default_rng(seed).integers(0, len(kept), (RESAMPLES, len(kept)))
    low, high = np.quantile(kept[drawn].mean(axis=1), [0.025, 0.975])
    return EstimateOut(value=float(kept.mean()), low=float(low), high=float(high))


@dataclass(frozen=True)
class Moved:
    """The change of one word's score towards one class over the texts that hold it."""

    word: str
    label: int
    before: float
    after: float
    changes: Floats

    @property
    def change(self) -> float:
        return float(self.changes.mean())


def moved_words(one: dict[int, Explained], other: dict[int, Explained], labels: int) -> list[Moved]:
    """Every word of enough texts, towards each class; of two classes the last alone, the other is its mirror."""
    towards = [labels - 1] if labels <= 2 else list(range(labels))
    seen: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for row in sorted(one.keys() & other.keys()):
        if one[row].spans != other[row].spans:
            continue
        for label in towards:
            sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
            for at, word in enumerate(one[row].words):
                sums[word][0] += float(one[row].scores[label, at])
                sums[word][1] += float(other[row].scores[label, at])
            for word, (before, after) in sums.items():
                if any(map(str.isalnum, word)):
                    seen[word, label].append((before, after))
    return [
        Moved(
            word,
            label,
            before=float(np.mean([before for before, _ in pairs])),
            after=float(np.mean([after for _, after in pairs])),
            changes=np.array([after - before for before, after in pairs]),
        )
        for (word, label), pairs in seen.items()
        if len(pairs) >= FEWEST
    ]


def words_of(found: Sequence[Moved], twins: Sequence[Moved] | None, labels: Sequence[str]) -> tuple[WordOut, ...]:
    """The words with the largest changes, each with an interval that holds for all words together (Bonferroni)."""
    beyond = 0.0 if twins is None else BEYOND * max((abs(each.change) for each in twins), default=0.0)
    level = 1 - 0.05 / max(len(found), 1)
    told = []
    for each in sorted(found, key=lambda each: (-abs(each.change), each.word))[:MOST_WORDS]:
        low, high = _interval(each.changes, level)
        told.append(
            WordOut(
                word=each.word,
                label=labels[each.label],
                texts=len(each.changes),
                before=each.before,
                after=each.after,
                change=EstimateOut(value=each.change, low=low, high=high),
                moved=low > beyond or high < -beyond,
            )
        )
    return tuple(told)


def _interval(changes: Floats, level: float) -> tuple[float, float]:
    """Student's interval of the mean."""
    half = float(stats.t.ppf((1 + level) / 2, len(changes) - 1) * changes.std(ddof=1) / np.sqrt(len(changes)))
    return float(changes.mean()) - half, float(changes.mean()) + half
