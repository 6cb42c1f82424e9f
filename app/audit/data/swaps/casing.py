"""The case of a swapped word follows that of the word it replaces."""

from __future__ import annotations

import re

from ..swapped import Doubt, Undecided

SENTENCE = re.compile(r"(?:^|[.!?…:]|\n)[\s\"'“‘(\[*_#>-]*$")


def recased(old: str, plain_old: str, plain_new: str, before: str, text: str) -> str:
    """plain_new in the case of old; both plain forms are written as inside a sentence (Muslim, gay).

    A capital at the head of a sentence says nothing of the word, so the new word has one too. In a text without any
    capital the new word has none either. Undecided for any other case.
    """
    if len(old) > 1 and old.isupper():
        return plain_new.upper()
    if not any(letter.isupper() for letter in text):
        return plain_new.lower()
    heads = bool(SENTENCE.search(before))
    if old == _capital(plain_old) and heads:
        return _capital(plain_new)
    if old == plain_old:
        return plain_new
    if old == _title(plain_old) and old != plain_old:
        return _title(plain_new)
    raise Undecided(Doubt.CASE, old)


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _title(words: str) -> str:
    return " ".join(_capital(word) for word in words.split(" "))
