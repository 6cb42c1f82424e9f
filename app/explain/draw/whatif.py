"""A text with one of its parts removed or replaced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Changed:
    text: str
    text_pair: str | None
    part: str
    start: int  # where the change begins in its text
    end: int  # where what stands there now ends


def changed(text: str, text_pair: str | None, features: Sequence[Any], index: int, replacement: str) -> Changed:
    """Removing a part takes the white space before it along, or after it at the beginning of a line."""
    span = features[index]
    whole = text_pair or "" if span.part == "text_pair" else text
    start, end = span.start, span.end
    if not replacement:
        start, end = _with_space(whole, start, end)
    made = whole[:start] + replacement + whole[end:]
    stop = start + len(replacement)
    if span.part == "text_pair":
        return Changed(text, made, "text_pair", start, stop)
    return Changed(made, text_pair, "text", start, stop)


def _with_space(text: str, start: int, end: int) -> tuple[int, int]:
    left = start
    while left > 0 and text[left - 1] in " \t":
        left -= 1
    if left < start and (end == len(text) or not text[end].isalnum() or text[end].isspace()):
        return left, end
    if left > 0 and text[left - 1] != "\n":
        return start, end
    while end < len(text) and text[end] in " \t":
        end += 1
    return start, end
