"""Changed texts: parts deleted, or other words in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from ...contract import Encoded, Part, PromptInput, TextInput, TextSpan, text_spans


def without(inputs: Encoded, players: Iterable[int]) -> TextInput | PromptInput | None:
    """The text or the prompt with the players deleted; None for an input of another kind, of which no part can be."""
    if isinstance(inputs.input, PromptInput):
        spans = text_spans(inputs.features)
        gone = [spans[player] for player in players]
        return _changed(inputs.input, gone, deleted)
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


def _changed(
    prompt: PromptInput, spans: list[TextSpan], change: Callable[[str, list[tuple[int, int]]], str]
) -> PromptInput:
    """The prompt with its parts changed at the spans; a passage of which nothing is left is gone."""
    pieces = []
    for part, piece in zip(prompt.parts, prompt.pieces, strict=True):
        own = [(s.start - part.start, s.end - part.start) for s in spans if part.start <= s.start < part.end]
        pieces.append(change(piece, own))
    before = len(prompt.messages) - 1
    texts = [*pieces[:before], pieces[-1]]
    messages = tuple(m.model_copy(update={"text": text}) for m, text in zip(prompt.messages, texts, strict=True))
    return PromptInput(messages=messages, passages=tuple(piece for piece in pieces[before:-1] if piece.strip()))


def deleted(text: str, spans: list[tuple[int, int]]) -> str:
    """The text without the spans, each with the white space before it, or after it at the beginning."""
    for start, end in sorted(spans, reverse=True):
        left = len(text[:start].rstrip(" \t"))
        rest = text[end:]
        text = text[:left] + rest if left else rest.lstrip(" \t")
    return text


def _put(word: str, text: str, spans: Iterable[tuple[int, int]]) -> str:
    """The text with the word in the place of each span."""
    for start, end in spans:
        text = text[:start] + word + text[end:]
    return text


def replaced(inputs: Encoded, change: Iterable[tuple[int, str]]) -> TextInput | PromptInput:
    """The text or the prompt with a word in each of some players' places."""
    spans = text_spans(inputs.features)
    if isinstance(inputs.input, PromptInput):
        prompt = inputs.input
        for player, word in sorted(change, key=lambda each: -spans[each[0]].start):
            prompt = _changed(prompt, [spans[player]], partial(_put, word))
        return prompt
    texts: dict[Part, str] = {"text": inputs.text, "text_pair": inputs.text_pair or ""}
    for player, word in sorted(change, key=lambda each: -spans[each[0]].start):
        span = spans[player]
        texts[span.part] = _put(word, texts[span.part], [(span.start, span.end)])
    return TextInput(text=texts["text"], text_pair=None if inputs.text_pair is None else texts["text_pair"])
