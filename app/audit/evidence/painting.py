"""A failing text as painted pieces, and words that are masked until somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

from ...explain.draw.heatmap import step_of
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


class Originals(TypedDict):
    """Texts by the number of their row, and words by the name that stands for them, before a report masked them."""

    texts: dict[str, str]
    words: dict[str, str]


def unmasked(content: Mapping[str, Any], known: Originals) -> dict[str, Any]:
    """The content of a report as a reader sees it who asked for the words."""

    def word(name: str | None) -> str | None:
        return None if name is None else known["words"].get(name, name)

    def text(example: Mapping[str, Any]) -> dict[str, Any]:
        shown = known["texts"].get(str(example["row"]), example["text"])
        return {**example, "text": shown, "strongest": word(example["strongest"])}

    return {
        **content,
        "words": [
            {**gap, "words": [{**one, "word": word(one["word"])} for one in gap["words"]]} for gap in content["words"]
        ],
        "examples": [{**gap, "texts": [text(example) for example in gap["texts"]]} for gap in content["examples"]],
    }


def filters(_: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    """Filters that the templates of audits call; no words of a language are in them."""
    return {"painted": lambda example: list(pieces(example)), "masked": masked_text}
