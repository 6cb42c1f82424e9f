"""The outcome of a swap: the changed text, or why it was left alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Doubt(StrEnum):
    """Why a text that could be swapped is left out; such texts are counted."""

    WORD = "word"  # a word has no counterpart of its own: swapped back it would be another word
    PART_OF_SPEECH = "part_of_speech"  # her or his may be either of two words here
    CASE = "case"  # letters are in a case that says nothing of what the counterpart's should be
    FORM = "form"  # the other group has no word of this form (a noun, a plural)
    NOT_REVERSIBLE = "not_reversible"  # swapping the result again does not give the text back


@dataclass(frozen=True)
class Replacement:
    """text[start:end] is `old` and becomes `new`; rule says why this word."""

    start: int
    end: int
    old: str
    new: str
    rule: str


@dataclass(frozen=True)
class Swapped:
    text: str
    replacements: tuple[Replacement, ...]


@dataclass(frozen=True)
class Unsure:
    """The text is left out; word is what could not be decided."""

    doubt: Doubt
    word: str


class Undecided(Exception):
    """Raised inside a swap when a word cannot be decided; becomes an `Unsure`."""

    def __init__(self, doubt: Doubt, word: str) -> None:
        super().__init__(f"{doubt}: {word}")
        self.unsure = Unsure(doubt, word)


Outcome = Swapped | Unsure | None  # None: the text names nobody to swap
Find = Callable[[str], list[Replacement]]


def applied(text: str, replacements: Iterable[Replacement]) -> str:
    """All replacements at once: none ever sees what another has written."""
    pieces, at = [], 0
    for one in sorted(replacements, key=lambda one: one.start):
        assert at <= one.start
        assert text[one.start : one.end] == one.old
        pieces += [text[at : one.start], one.new]
        at = one.end
    return "".join([*pieces, text[at:]])


def reversible(text: str, find: Find) -> Outcome:
    """The swapped text, if swapping it again gives the text back; else the doubt."""
    try:
        replacements = find(text)
        if not replacements:
            return None
        swapped = applied(text, replacements)
        back = applied(swapped, find(swapped))
    except Undecided as undecided:
        return undecided.unsure
    if back != text:
        return Unsure(Doubt.NOT_REVERSIBLE, replacements[0].old)
    return Swapped(swapped, tuple(replacements))


@dataclass(frozen=True)
class Count:
    """Numbers of texts that were swapped, that were left out, by doubt, and that name nobody."""

    swapped: int
    unsure: tuple[tuple[Doubt, int], ...]
    untouched: int


def count(outcomes: Sequence[Outcome]) -> Count:
    doubts = [outcome.doubt for outcome in outcomes if isinstance(outcome, Unsure)]
    return Count(
        sum(isinstance(outcome, Swapped) for outcome in outcomes),
        tuple((doubt, doubts.count(doubt)) for doubt in Doubt if doubt in doubts),
        sum(outcome is None for outcome in outcomes),
    )
