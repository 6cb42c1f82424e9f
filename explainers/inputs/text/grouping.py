"""Parts of a text gathered into the words or sentences they belong to, for showing sums of scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from .breaks import Ruler, Span, sentence_ends


def group_numbers(text: str, spans: Sequence[Span], grain: Literal["word", "sentence"]) -> list[int]:
    """For every span (start, end) in reading order, the number of its word or sentence, counted from 0.

    The rules are those by which words and sentences become players; a span that reaches over a boundary belongs to
    the group in which it starts.
    """
    if not spans:
        return []
    ruler = Ruler(text)
    numbers = [0]
    for (_, left), (right, _) in pairwise(spans):
        same = right < left or (left > 0 and not ruler.divided(left, right))
        numbers.append(numbers[-1] + (not same))
    if grain == "word":
        return numbers
    words: list[Span] = [(0, 0)] * (numbers[-1] + 1)
    for number, (start, end) in zip(numbers, spans, strict=True):
        words[number] = (words[number][0] if words[number][1] else start, max(end, words[number][1]))
    sentences = [0]
    for ends in sentence_ends(ruler, words)[:-1]:
        sentences.append(sentences[-1] + ends)
    return [sentences[number] for number in numbers]
