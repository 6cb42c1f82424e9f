"""The model's answers beside its predictions: word scores of chosen texts, and the same texts without a word.

Everything here is stored with the report, so that its numbers can be computed again without the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter

from ..._library import explainers
from ..data.material import Material, Span
from ..data.values import Bools, Ints
from .attribution import WORD_CLASSES, word_classes
from .oracle import Oracle, probabilities
from .words import is_masked

MENTION = ""  # in place of a word: every place of a text that names an identity, taken out together
Told = Callable[[float, str], None]
T = TypeVar("T")


@dataclass(frozen=True)
class Word:
    text: str
    start: int
    end: int
    part: str  # of attribution.WORD_CLASSES
    score: float  # log-odds of the audited class


@dataclass(frozen=True)
class ExplainedText:
    """One text under one method. output and baseline: log-odds of the whole text and of nothing."""

    row: int
    method: str
    output: float
    baseline: float
    comprehensiveness: float | None
    sufficiency: float | None
    words: tuple[Word, ...]

    @property
    def residual(self) -> float:
        return self.output - self.baseline - sum(word.score for word in self.words)


@dataclass(frozen=True)
class Edited:
    """A text without one word: p(class) of what is left. gap: the number of the gap it belongs to."""

    gap: int
    word: str
    row: int
    score: float


@dataclass(frozen=True)
class Evidence:
    explained: tuple[ExplainedText, ...] = ()
    edited: tuple[Edited, ...] = ()

    def of(self, method: str) -> dict[int, ExplainedText]:
        return {each.row: each for each in self.explained if each.method == method}


def explain_texts(
    oracle: Oracle,
    material: Material,
    asked: Sequence[tuple[int, Sequence[str]]],
    *,
    target: int,
    seed: int,
    tell: Callable[[float], None],
) -> tuple[ExplainedText, ...]:
    """asked: rows with the methods that explain each. Texts that one method explains are put to the model together."""
    found: dict[tuple[int, str], ExplainedText] = {}
    names = list(dict.fromkeys(method for _, methods in asked for method in methods))
    for at, method in enumerate(names):
        tell(at / len(names))
        rows = [row for row, methods in asked if method in methods]
        questions = [
            explainers.Question.about(
                material.texts[row], players="word", also=target, seed=seed, precision="fp32",
                value=explainers.values.resolve(None, oracle.facts.head),
            )
            for row in rows
        ]  # fmt: skip
        for row, made in zip(rows, oracle.explain(questions, method), strict=True):
            found[row, method] = _explained(made, row, target, material.mentions[row])
    return tuple(found[row, method] for row, methods in asked for method in methods)


def packed(kind: type[T], found: T) -> bytes:
    """Records as JSON; a number is read back as it was."""
    return TypeAdapter(kind).dump_json(found)


def unpacked(kind: type[T], body: bytes) -> T:
    return TypeAdapter(kind).validate_json(body)


def _explained(found: explainers.Attribution, row: int, target: int, mentions: Sequence[Span]) -> ExplainedText:
    at = found.row(target)
    assert found.scores is not None
    spans = [(feature.text, feature.start, feature.end) for feature in found.spans]
    identity = np.array([any(start < end_of and at < end for at, end_of in mentions) for _, start, end in spans])
    kinds = word_classes([text for text, *_ in spans], identity, is_masked)
    words = tuple(
        Word(text, start, end, WORD_CLASSES[kind], round(float(score), 9))
        for (text, start, end), kind, score in zip(spans, kinds, found.scores[at], strict=True)
    )
    base = 0.0 if found.baseline_output is None else float(found.baseline_output[at])
    return ExplainedText(
        row=row,
        method=found.method.name,
        output=round(float(found.output[at]), 9),
        baseline=round(base, 9),
        comprehensiveness=_rounded(found.checks.get("comprehensiveness")),
        sufficiency=_rounded(found.checks.get("sufficiency")),
        words=words,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), 6)


def drawn_alike(sides: Sequence[Bools], clusters: Ints | None, *, most: int, seed: int) -> list[list[int]]:
    """Up to `most` rows of each side. Clusters are visited in one order for all sides, one row a visit, so that sides
    that hold the same templates are drawn from the same templates."""
    count = len(sides[0])
    rng = np.random.default_rng(seed)
    groups = np.arange(count) if clusters is None else clusters
    order = rng.permutation(int(groups.max()) + 1 if count else 0)
    place = rng.permutation(count)
    found = []
    for side in sides:
        rows = np.flatnonzero(side)
        rows = rows[np.argsort(place[rows], kind="stable")]
        visit = np.zeros(len(rows), dtype=np.int64)
        seen: dict[int, int] = {}
        for at, row in enumerate(rows):
            visit[at] = seen[int(groups[row])] = seen.get(int(groups[row]), -1) + 1
        rank = np.argsort(order)[groups[rows]]
        found.append([int(row) for row in rows[np.lexsort((rank, visit))][:most]])
    return found


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without these stretches and without the white space that would be doubled."""
    out, at = "", 0
    for start, end in sorted(spans):
        out += text[at:start]
        at = end
        if out.endswith((" ", "")) and text[at : at + 1].isspace() and (not out or out[-1].isspace()):
            at += 1
    return (out + text[at:]).strip()


def ask_without(
    oracle: Oracle, material: Material, plan: Sequence[tuple[int, str, Sequence[int]]], *, target: int
) -> tuple[Edited, ...]:
    """plan: (gap, word or MENTION, rows). A row whose text is empty without the word is left out."""
    asked: list[tuple[int, str, int, str]] = []
    for gap, word, rows in plan:
        for row in rows:
            text = material.texts[row]
            left = without(text, material.mentions[row] if word == MENTION else occurrences(text, word))
            if left:
                asked.append((gap, word, row, left))
    distinct = sorted({text for *_, text in asked})
    if not distinct:
        return ()
    scores = dict(
        zip(distinct, probabilities(oracle.facts, oracle.logits(distinct), target=target).tolist(), strict=True)
    )
    return tuple(Edited(gap, word, row, scores[text]) for gap, word, row, text in asked)


def occurrences(text: str, word: str) -> list[tuple[int, int]]:
    """Where a word stands, whatever its case: whole words, and in scripts without white space anywhere."""
    import regex

    bound = r"(?<![\p{L}\p{N}_])" if word[:1].isascii() else "", r"(?![\p{L}\p{N}_])" if word[-1:].isascii() else ""
    return [found.span() for found in regex.finditer(bound[0] + regex.escape(word) + bound[1], text, regex.IGNORECASE)]
