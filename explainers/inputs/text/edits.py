"""Changed texts: parts deleted, or other words in their places."""

from __future__ import annotations

from collections.abc import Iterable

from ...contract import Encoded, Part, TextInput, text_spans


def without(inputs: Encoded, players: Iterable[int]) -> TextInput | None:
    """The text with the players deleted; None for an input of another kind, of which no part can be deleted."""
    if not isinstance(inputs.input, TextInput):
        return None
    spans = text_spans(inputs.features)
    chosen = [spans[player] for player in players]
    text, pair = inputs.input.text, inputs.input.text_pair
    return TextInput(
        text=deleted(text, [(span.start, span.end) for span in chosen if span.part == "text"]),
        text_pair=None
        if pair is None
        else deleted(pair, [(span.start, span.end) for span in chosen if span.part == "text_pair"]),
    )


def deleted(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without the spans, each with the white space before it, or after it at the beginning."""
    for start, end in sorted(spans, reverse=True):
        left = len(text[:start].rstrip(" \t"))
        rest = text[end:]
        text = text[:left] + rest if left else rest.lstrip(" \t")
    return text


def replaced(inputs: Encoded, change: Iterable[tuple[int, str]]) -> TextInput:
    """The text with a word in each of some players' places."""
    spans = text_spans(inputs.features)
    texts: dict[Part, str] = {"text": inputs.text, "text_pair": inputs.text_pair or ""}
    for player, word in sorted(change, key=lambda each: -spans[each[0]].start):
        span = spans[player]
        texts[span.part] = texts[span.part][: span.start] + word + texts[span.part][span.end :]
    return TextInput(text=texts["text"], text_pair=None if inputs.text_pair is None else texts["text_pair"])
