"""Which word `her` and `his` are: her → him or his, his → her or hers, decided by the words that follow.

Two witnesses must agree: a reading of what follows by its parts of speech, and for `her` the tagger's own opinion.
Where they do not, or where the sentence itself may be read both ways (gave her books), the pair is left out.
"""

from __future__ import annotations

from typing import Literal

from ..swapped import Doubt, Undecided
from .tables import words
from .tagger import tagged

Use = Literal["possessive", "object", "standing"]  # her dog; saw her; the dog is hers, the dog is his
Tokens = list[tuple[int, str, str]]

NOUNS = ("NN0", "NN1", "NN2", "NP0")
INSIDE = ("AJ0", "AJC", "AJS", "CRD", "ORD", "AV0", "VVN", "VVG", "DT0")  # what may stand between her and its noun
PLURAL = ("NN0", "NN2")
NOT_NOUNS = frozenset(
    {"that", "this", "there", "here", "again", "yesterday", "today", "tomorrow", "now", "then", "well", "much", "alone"}
    | {"back", "home"}
)
TIMES = frozenset({"year", "month", "week", "night", "time", "day", "summer", "winter", "spring", "autumn", "morning"})
QUOTES = frozenset("\"'“”‘’«»")


def use_of(text: str, start: int) -> Use:
    """Grammatical use of the `her` or `his` at that offset. Undecided where it cannot be told."""
    tokens = tagged(text)
    at = next(i for i, (offset, _, _) in enumerate(tokens) if offset == start)
    word = tokens[at][1]
    before = tokens[at - 1][1].lower() if at else ""
    after = [token for token in tokens[at + 1 :] if token[1] not in QUOTES]
    noun = _noun_after(after)
    if word.lower() == "his":
        return _his(after, noun, word)
    read: Use = "object" if noun is None else "possessive"
    said: Use = "possessive" if tokens[at][2] == "DPS" else "object"
    torn = before in words("two_objects.txt") and noun is not None and _torn(noun, directly=after[0] is noun)
    when = noun is not None and after[0][1].lower() in ("last", "next") and noun[1].lower() in TIMES
    if read != said or torn or when:
        raise Undecided(Doubt.PART_OF_SPEECH, word)
    return read


def _torn(noun: tuple[int, str, str], *, directly: bool) -> bool:
    return noun[2] in PLURAL or not directly or noun[1].lower() in words("doings.txt")


def _his(after: Tokens, noun: tuple[int, str, str] | None, word: str) -> Use:
    if noun is not None:
        return "possessive"
    shared = len(after) > 1 and after[0][2] == "CJC" and after[1][1].lower() in ("her", "my", "your", "their", "our")
    if shared or (after and after[0][2] in INSIDE and after[0][1].lower() not in NOT_NOUNS):
        raise Undecided(Doubt.PART_OF_SPEECH, word)
    return "standing"


def _noun_after(after: Tokens) -> tuple[int, str, str] | None:
    """The noun that the next words lead to: `dog`, `very old dog`, `own`; None if something else comes."""
    for token in after:
        _, word, tag = token
        if word.lower() in NOT_NOUNS:
            return None
        if tag in NOUNS or word.lower() == "own":
            return token
        if tag not in INSIDE:
            return None
    return None
