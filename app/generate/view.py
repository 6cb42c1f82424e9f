"""The page of an answer, worked out from its record and from the explanation of it, where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Literal

import numpy as np

from .._library import explainers
from ..errors import UnknownValue
from ..explain.ask.schemas import ExplanationOut
from ..explain.draw import heatmap
from ..explain.draw.heatmap import Cell
from ..web.formatting import script
from .schemas import GenerationOut

By = Literal["word", "sentence", "passage"]
BYS: tuple[By, ...] = ("word", "sentence", "passage")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the answer: tokens first to stop − 1. tight: it stands right behind the one before."""

    text: str
    first: int
    stop: int
    tight: bool

    @property
    def lead(self) -> str:
        """The white space before it."""
        return self.text[: len(self.text) - len(self.text.lstrip())]

    @property
    def bare(self) -> str:
        return self.text.lstrip() or "␣"


@dataclass(frozen=True, slots=True)
class Candidate:
    text: str
    probability: float
    said: bool

    @property
    def shown(self) -> str:
        """A token that is white space alone by its sign."""
        return self.text.strip() or self.text.replace("\n", "⏎").replace(" ", "␣") or "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The words of the answer that are looked at: numbers of words first to last, and their tokens."""

    first: int
    last: int
    tokens: tuple[int, int]
    text: str
    before: str  # the word before them
    probability: float  # of all of them
    candidates: tuple[Candidate, ...]  # of their first token


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """A part of the prompt, painted. total: what it gives to the chosen words; error: a bound of its standard error."""

    name: str
    number: int | None
    lang: str
    cells: tuple[Cell, ...]
    total: float | None
    error: float | None
    most: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The explanation of the chosen words. exact: without sampling; bound: errors of several tokens are added up."""

    key: str
    method: str
    badge: Any
    unit: str
    parts: tuple[PartView, ...]
    strongest: tuple[str, float] | None  # the cell that says most, and its score
    carrier: PartView | None  # the part that gives most
    total: float
    output: float
    baseline_output: float | None
    baseline: str | None
    residual: float | None
    evaluations: int
    seconds: float | None
    exact: bool
    bound: bool
    contrast: str | None


def words_of(tokens: Sequence[explainers.SaidToken]) -> tuple[Word, ...]:
    """Tokens gathered into words: one begins behind white space, and a mark of punctuation stands by itself."""
    found: list[Word] = []
    for number, token in enumerate(tokens):
        text = token.text
        apart = not found or text[:1].isspace() or found[-1].text[-1:].isspace() or not found[-1].text
        mark = bool(text.strip()) and not any(c.isalnum() for c in text)
        before_mark = bool(found) and bool(found[-1].text.strip()) and not any(c.isalnum() for c in found[-1].text)
        if (found and not apart and not (mark or before_mark)) or (found and not text.strip() and text):
            last = found[-1]
            found[-1] = replace(last, text=last.text + text, stop=number + 1)
        else:
            found.append(Word(text, number, number + 1, tight=bool(found) and not apart))
    return tuple(found)


def chosen_of(answer: GenerationOut, words: Sequence[Word], asked: str) -> Chosen | None:
    """From "3-5", the numbers of the first and the last word; by default the word the model was least sure of."""
    if not words:
        return None
    chosen = _range(asked, len(words))
    if asked and chosen is None:
        raise UnknownValue("words", asked, [f"0 to {len(words) - 1}"], cure="Open the answer without it.")
    first, last = chosen or (_usual(answer, words),) * 2
    start, stop = words[first].first, words[last].stop
    logprobs = [token.logprob for token in answer.tokens[start:stop]]
    token = answer.tokens[start]
    others = [each for each in token.rivals if (each.text.strip(), each.logprob) != (token.text.strip(), token.logprob)]
    rivals = [Candidate(each.text, exp(each.logprob), said=False) for each in others]
    said = Candidate(token.text, exp(token.logprob), said=True)
    return Chosen(
        first=first,
        last=last,
        tokens=(start, stop),
        text="".join(word.text for word in words[first : last + 1]).strip(),
        before=words[first - 1].text.strip() if first else "",
        probability=exp(sum(logprobs)),
        candidates=(said, *rivals)[:5],
    )


def _range(asked: str, count: int) -> tuple[int, int] | None:
    first, _, last = asked.partition("-")
    if not all(each.isascii() and each.isdecimal() and len(each) < 6 for each in (first, last or first)):
        return None
    low, high = sorted((int(first), int(last or first)))
    return (low, high) if high < count else None


def _usual(answer: GenerationOut, words: Sequence[Word]) -> int:
    """The word that the model was least sure of among those with letters."""
    named = [n for n, word in enumerate(words) if any(c.isalnum() for c in word.text)] or range(len(words))
    return min(named, key=lambda n: min(token.logprob for token in answer.tokens[words[n].first : words[n].stop]))


def why_of(found: ExplanationOut, chosen: Chosen, answer: GenerationOut) -> Why:
    """The explanation of the chosen words: a row of it, or the sum of several."""
    contrast = found.outputs.contrast if isinstance(found.outputs, explainers.TokenOutput) else None
    summed, bound = _summed(found, chosen, whole=len(answer.tokens), contrast=contrast is not None)
    assert summed.scores is not None
    scores = np.asarray(summed.scores[0])
    text, cells = found.text, heatmap.cells(found.text, summed, 0, level=found.players)  # type: ignore[arg-type]
    parts = _parts(answer.input, text, cells, summed)
    strongest = int(np.argmax(scores)) if scores.size and scores.max() > 0 else None
    gap = float(summed.output[0]) - float(summed.baseline_output[0]) if summed.baseline_output is not None else None
    return Why(
        key=found.key,
        method=found.method.name,
        badge=found.badge,
        unit=found.unit,
        parts=parts,
        strongest=None if strongest is None else (found.features[strongest].text, float(scores[strongest])),
        carrier=next((part for part in parts if part.most), None),
        total=float(scores.sum()),
        output=float(summed.output[0]),
        baseline_output=None if summed.baseline_output is None else float(summed.baseline_output[0]),
        baseline=found.baseline,
        residual=None if gap is None or not gap else abs(float((gap - scores.sum()) / gap)),
        evaluations=found.forward_passes,
        seconds=sum(found.timings.values()) if found.timings else None,
        exact=found.standard_errors is None,
        bound=bound,
        contrast=contrast,
    )


def _summed(found: ExplanationOut, chosen: Chosen, *, whole: int, contrast: bool) -> tuple[ExplanationOut, bool]:
    """An explanation of one target: the chosen words together. Errors of rows are added, which is never too little."""
    rows = _rows(found, chosen, whole=whole, contrast=contrast)

    def of(array: Any) -> Any:
        return None if array is None else np.asarray(array)[rows].sum(axis=0, keepdims=True)

    made = found.model_copy(
        update={
            "targets": (found.targets[rows[0]],),
            "scores": of(found.scores),
            "standard_errors": of(found.standard_errors),
            "output": of(found.output),
            "baseline_output": of(found.baseline_output),
        }
    )
    return made, len(rows) > 1


def _rows(found: ExplanationOut, chosen: Chosen, *, whole: int, contrast: bool) -> list[int]:
    """Rows of the explanation that together are the chosen words; of a contrast, and of all words, the last one."""
    if contrast or (chosen.tokens == (0, whole) and found.targets[-1].at is None):
        return [len(found.targets) - 1]
    places = range(*chosen.tokens)
    return [row for row, target in enumerate(found.targets) if target.at in places]


def _parts(given: Any, text: str, cells: Sequence[Cell], summed: ExplanationOut) -> tuple[PartView, ...]:
    named = given.parts if isinstance(given, explainers.PromptInput) else [_user(text)]
    scores = np.asarray(summed.scores[0]) if summed.scores is not None else np.zeros(0)
    errors = None if summed.standard_errors is None else np.asarray(summed.standard_errors[0])
    made = []
    for part in named:
        own = [n for n, span in enumerate(summed.spans) if part.start <= span.start < part.end]
        made.append(
            PartView(
                name=part.name,
                number=part.number,
                lang=script(text[part.start : part.end]),
                cells=_between(cells, part.start, part.end),
                total=float(scores[own].sum()) if own else None,
                error=float(errors[own].sum()) if own and errors is not None else None,
                most=False,
            )
        )
    best = max((part.total for part in made if part.total is not None), default=None)
    return tuple(replace(part, most=best is not None and part.total == best and best > 0) for part in made)


def _user(text: str) -> explainers.PromptPart:
    return explainers.PromptPart(name="user", start=0, end=len(text))


def _between(cells: Sequence[Cell], start: int, end: int) -> tuple[Cell, ...]:
    """The cells of one part; those without a score are cut at its ends."""
    found, at = [], 0
    for cell in cells:
        left, right = max(at, start), min(at + len(cell.text), end)
        if left < right:
            found.append(cell if cell.feature is not None else replace(cell, text=cell.text[left - at : right - at]))
        at += len(cell.text)
    return tuple(found)
