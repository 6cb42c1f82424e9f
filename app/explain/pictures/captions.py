"""A caption word by word: which words are looked at, and what each region does to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from ..._library import explainers
from ...errors import UnknownValue
from ..ask.schemas import ExplanationOut, PanelOut
from ..draw import heatmap
from .painting import Painted, without_one

MOST_CELLS = 400  # of the table of words by regions; a larger one is not read


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptionWord:
    """A word of the caption: tokens first to stop − 1. tight: no blank stands before it."""

    text: str
    first: int
    stop: int
    tight: bool
    probability: float
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class WordCell:
    score: float
    step: int  # −5 … 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """A caption with the words that are looked at, numbers first to last; label: as they stand in it.

    table: for each word its score by region, each row painted on one scale; empty where it would be too large.
    contrast: the other caption that it was compared with, and whether the map shows that comparison.
    """

    text: str
    words: Sequence[CaptionWord]
    first: int
    last: int
    label: str
    probability: float
    table: Sequence[Sequence[WordCell]]
    contrast: str | None
    compares: bool


def caption_of(panel: PanelOut, found: ExplanationOut, asked: str) -> Caption | None:
    """The caption with the words of `asked`, such as "3-5" or "contrast"; None where classes were explained.

    Raises UnknownValue for words that there are not.
    """
    outputs = found.outputs
    if not isinstance(outputs, explainers.TokenOutput) or found.scores is None:
        return None
    shares = panel.prediction.probabilities or ()
    words = words_of([target.label for target in found.targets if target.at is not None], shares)
    compares = outputs.contrast is not None and asked == "contrast"
    first, last = (0, len(words) - 1) if compares else _range(asked, found, words)
    shown = [_with_choice(word, first <= number <= last) for number, word in enumerate(words)]
    label = "".join(("" if word.tight else " ") + word.text for word in words[first : last + 1]).strip()
    return Caption(
        text=(outputs.continuation or "").strip(),
        words=shown,
        first=first,
        last=last,
        label=label,
        probability=exp(sum(np.log(max(word.probability, 1e-300)) for word in words[first : last + 1])),
        table=_table(found, words),
        contrast=outputs.contrast,
        compares=compares,
    )


def words_of(labels: Sequence[str], shares: Sequence[float]) -> list[CaptionWord]:
    """Tokens gathered into words: one begins behind a blank."""
    found: list[CaptionWord] = []
    for number, (text, share) in enumerate(zip(labels, shares, strict=False)):
        if found and text and not text[0].isspace():
            last = found[-1]
            found[-1] = CaptionWord(
                text=last.text + text,
                first=last.first,
                stop=number + 1,
                tight=last.tight,
                probability=last.probability * share,
            )
        else:
            found.append(
                CaptionWord(text=text.strip(), first=number, stop=number + 1, tight=not found, probability=share)
            )
    return found


def painted(panel: PanelOut, found: ExplanationOut, caption: Caption) -> Painted:
    """Effects of each region on the chosen words: the sum over their tokens, whose log-probabilities add up."""
    rows = rows_of(found, caption)
    assert found.scores is not None
    scores = np.asarray(found.scores)[rows].sum(axis=0)
    errors = None if found.standard_errors is None else np.asarray(found.standard_errors)[rows].sum(axis=0)
    asked = without_one(panel)
    without = None
    if asked is not None and asked.value == "log-probability" and not caption.compares:
        left = sum(float(asked.output[row]) for row in rows) - np.asarray(asked.scores)[rows].sum(axis=0)
        without = np.exp(np.minimum(left, 0))
    return Painted(scores=scores, errors=errors, without=without)


def rows_of(found: ExplanationOut, caption: Caption) -> list[int]:
    """The targets that the chosen words are, by their rows."""
    if caption.compares:
        return [len(found.targets) - 1]
    return list(range(caption.words[caption.first].first, caption.words[caption.last].stop))


def _with_choice(word: CaptionWord, chosen: bool) -> CaptionWord:
    return CaptionWord(
        text=word.text, first=word.first, stop=word.stop, tight=word.tight, probability=word.probability, chosen=chosen
    )


def _range(asked: str, found: ExplanationOut, words: Sequence[CaptionWord]) -> tuple[int, int]:
    """By default the word that a single region does most for."""
    if not asked:
        best = int(np.argmax([_by_word(found, word).max() for word in words]))
        return best, best
    ends = asked.split("-")
    if len(ends) == 2 and all(each.isascii() and each.isdecimal() for each in ends):
        first, last = int(ends[0]), int(ends[1])
        if first <= last < len(words):
            return first, last
    raise UnknownValue("words", asked, [f"0-0 to {len(words) - 1}-{len(words) - 1}"], cure="Open the page without it.")


def _by_word(found: ExplanationOut, word: CaptionWord) -> Any:
    """(regions,) the scores of a word, the sum over its tokens."""
    assert found.scores is not None
    return np.asarray(found.scores)[word.first : word.stop].sum(axis=0)


def _table(found: ExplanationOut, words: Sequence[CaptionWord]) -> Sequence[Sequence[WordCell]]:
    if len(words) * len(found.features) > MOST_CELLS:
        return ()
    scores = [_by_word(found, word) for word in words]
    top = max(float(np.abs(row).max()) for row in scores)
    return [[WordCell(float(score), heatmap.step_of(float(score), top)) for score in row] for row in scores]
