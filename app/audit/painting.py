"""A failing text as painted pieces, and words that are masked until somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..explain.heatmap import step_of
from .words import masked_text


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    step: int  # −5 … 5
    score: float | None = None


def pieces(example: Mapping[str, Any]) -> Iterator[Piece]:
    """Joined, they are the text again."""
    text, at = str(example["text"]), 0
    top = max((abs(score) for *_, score in example["words"]), default=0.0)
    for start, end, score in example["words"]:
        if start > at:
            yield Piece(text[at:start], 0)
        if end > max(start, at):
            yield Piece(text[max(start, at) : end], step_of(score, top), score)
        at = max(at, end)
    if at < len(text):
        yield Piece(text[at:], 0)


FILTERS: dict[str, Callable[..., Any]] = {"painted": lambda example: list(pieces(example)), "masked": masked_text}
