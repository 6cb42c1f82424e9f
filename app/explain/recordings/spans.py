"""The words of a transcript and the stretches of its recording, as a page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ..._library import explainers
from ..ask.schemas import ExplanationOut, PanelOut
from ..draw import heatmap

FloatArray: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]
TRIED = "leave-one-out"  # whose scores tell the probability without a stretch
SUMMED = "log-probability"  # the value of a word is then the sum of those of its tokens
WIDTH, HEIGHT, MIDDLE = 1000, 150, 75  # of the drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word of the transcript: its text, its rows of the scores, and its probability after the words before it."""

    number: int
    text: str
    rows: tuple[int, ...]
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch in seconds. x, width: where it is drawn. without: the probability of what is explained without it."""

    number: int
    start: float
    end: float
    word: str
    x: float
    width: float
    step: int
    score: float
    error: float | None
    without: float | None


def words_of(found: ExplanationOut) -> tuple[Word, ...]:
    """The words whose tokens were explained, in their order."""
    tokens = [row for row, target in enumerate(found.targets) if target.at is not None]
    labels = [found.targets[row].label for row in tokens]
    shares = found.prediction.probabilities or ()
    made = []
    for number, (start, stop) in enumerate(explainers.words_in(labels)):
        text = "".join(labels[start:stop]).strip()
        chance = float(np.prod([shares[found.targets[row].index] for row in tokens[start:stop]]))
        made.append(Word(number=number, text=text, rows=tuple(tokens[start:stop]), probability=chance))
    return tuple(made)


def spans_of(panel: PanelOut, found: ExplanationOut, rows: Sequence[int]) -> tuple[Span, ...]:
    """The stretches in the order of time, with the scores of one method for the tokens of `rows` together."""
    scores = _together(found, rows)
    top = heatmap.largest(scores)
    without = _without(panel, rows)
    seconds = seconds_of(panel)
    return tuple(
        Span(
            number=number + 1,
            start=feature.start,
            end=feature.end,
            word=feature.word,
            x=WIDTH * feature.start / seconds,
            width=WIDTH * (feature.end - feature.start) / seconds,
            step=heatmap.step_of(float(scores[number]), top),
            score=float(scores[number]),
            error=_error(found, rows, number),
            without=None if without is None else float(without[number]),
        )
        for number, feature in enumerate(found.features)
        if isinstance(feature, explainers.TimeSpan)
    )


def seconds_of(panel: PanelOut) -> float:
    """The length of the recording."""
    given = panel.input
    assert isinstance(given, explainers.AudioInput)
    assert given.seconds is not None
    return given.seconds


def bars(heights: bytes) -> str:
    """The waveform as a path of upright lines."""
    step = WIDTH / max(1, len(heights))
    drawn = []
    for number, height in enumerate(heights):
        half = max(1.0, (MIDDLE - 8) * height / 255)
        drawn.append(f"M{(number + 0.5) * step:.1f} {MIDDLE - half:.1f}v{2 * half:.1f}")
    return "".join(drawn)


def _together(found: ExplanationOut, rows: Sequence[int]) -> FloatArray:
    """(stretches,) the scores of one row, or the sum over the tokens of a word."""
    assert found.scores is not None
    scores: FloatArray = np.asarray(found.scores)[_summable(found, rows)].sum(axis=0)
    return scores


def _summable(found: ExplanationOut, rows: Sequence[int]) -> list[int]:
    """All rows where their values add up, else the first of them."""
    return list(rows) if found.value == SUMMED else list(rows)[:1]


def _without(panel: PanelOut, rows: Sequence[int]) -> FloatArray | None:
    """(stretches,) the probability without each stretch; None unless the model was asked that."""
    asked = next((each for each in panel.explanations if each.method.name == TRIED), None)
    if asked is None or asked.scores is None or asked.value != SUMMED:
        return None
    whole = float(np.asarray(asked.output)[list(rows)].sum())
    odds: FloatArray = np.exp(np.minimum(whole - _together(asked, rows), 0.0))
    return odds


def _error(found: ExplanationOut, rows: Sequence[int], number: int) -> float | None:
    """Standard error of a single row; those of several rows do not add up."""
    if found.standard_errors is None or len(rows) != 1:
        return None
    error = float(found.standard_errors[rows[0]][number])
    return error if np.isfinite(error) else None
