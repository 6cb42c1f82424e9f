"""Swaps in Chinese texts: no inflection and no case, but words inside longer words.

The longest word wins; words that hold one of the pairs and name nobody (其他, 父母) stay as they are.
"""

from __future__ import annotations

import re
from functools import cache

from ..lexicon import Lexicon
from ..swapped import Doubt, Outcome, Replacement, Undecided, reversible
from .tables import pairs, words


def gender_swap(text: str) -> Outcome:
    """Women for men and men for women: 他 and 她, relatives, 男… and 女…."""
    return reversible(text, _gendered)


def group_swap(text: str, first: str, second: str) -> Outcome:
    """Mentions of two groups of one axis of the Chinese lexicon changed places. Each group's terms stand for the other
    group's first term; a text that names a group by another term is left out, since it would not come back.

    ValueError names a group that the lexicon does not have, or two of different axes.
    """
    lexicon = _lexicon()
    groups = {group.name: group for group in lexicon.groups}
    for name in (first, second):
        if name not in groups:
            raise ValueError(f"the Chinese lexicon has no group {name!r}; it has {', '.join(groups)}")
    if groups[first].axis != groups[second].axis or first == second:
        raise ValueError(f"{first!r} and {second!r} are not two groups of one axis")
    counterpart = {first: groups[second].terms[0], second: groups[first].terms[0]}

    def find(given: str) -> list[Replacement]:
        mentions = [mention for mention in lexicon.find(given) if mention.group in counterpart]
        odd = next((m.term for m in mentions if m.term != groups[m.group].terms[0]), None)
        if odd is not None:
            raise Undecided(Doubt.FORM, odd)
        return [Replacement(m.start, m.end, m.term, counterpart[m.group], "term") for m in mentions]

    return reversible(text, find)


def _gendered(text: str) -> list[Replacement]:
    table, found = pairs("chinese_words.txt"), []
    for match in _pattern().finditer(text):
        word = match[0]
        if word in table:
            found.append(Replacement(match.start(), match.end(), word, table[word], "word"))
        elif word in words("chinese_unsure.txt"):
            raise Undecided(Doubt.WORD, word)
    return found


@cache
def _pattern() -> re.Pattern[str]:
    every = {*pairs("chinese_words.txt"), *words("chinese_kept.txt"), *words("chinese_unsure.txt")}
    return re.compile("|".join(sorted(every, key=lambda word: (-len(word), word))))


@cache
def _lexicon() -> Lexicon:
    return Lexicon.load("zh")
