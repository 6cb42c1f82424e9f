"""Swaps in English texts: every word replaced at once, articles and case kept right, and nothing that does not go back.

Swapping is an involution: the swapped text swapped again is the text, or the text is left out with its doubt.
"""

from __future__ import annotations

import re
from functools import cache

from ..swapped import Doubt, Outcome, Replacement, Undecided, reversible
from ..wording import takes_an
from .casing import recased
from .pronouns import Use, use_of
from .tables import lines, pairs, words
from .tagger import tagged

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
ARTICLE = re.compile(r"\b(an?)(\s+)$", re.IGNORECASE)
PREFIX = re.compile(r"(?:ex|half|great|non|anti|pro)-", re.IGNORECASE)
PRONOUNS: dict[tuple[str, Use], str] = {
    ("her", "possessive"): "his",
    ("her", "object"): "him",
    ("his", "possessive"): "her",
    ("his", "standing"): "hers",
}
PLAIN = {"him": "her", "hers": "his"}
NOUN_TAGS = ("NN0", "NN1", "NN2", "NP0")
MODIFIERS = ("AJ0", "AJC", "AJS", "CRD", "ORD", "VVG", "VVN")


def gender_swap(text: str) -> Outcome:
    """Women for men and men for women: pronouns, words and first names."""
    return reversible(text, _gendered)


def group_swap(text: str, first: str, second: str) -> Outcome:
    """Mentions of two groups of one axis changed places; the groups are named as in the identity lexicon.

    ValueError names a group that has no words here, or two of different axes.
    """
    axes, forms = _groups()
    for name in (first, second):
        if name not in forms:
            raise ValueError(f"no words to swap {name!r} by; there are {', '.join(forms)}")
    if axes[first] != axes[second] or first == second:
        raise ValueError(f"{first!r} ({axes[first]}) and {second!r} ({axes[second]}) are not two groups of one axis")
    table = _forms(forms[first], forms[second]) | _forms(forms[second], forms[first])
    return reversible(text, lambda given: _named(given, table))


def swappable_groups() -> dict[str, tuple[str, ...]]:
    """The groups that can stand for one another, by axis."""
    axes, _ = _groups()
    return {axis: tuple(name for name in axes if axes[name] == axis) for axis in dict.fromkeys(axes.values())}


def _gendered(text: str) -> list[Replacement]:
    found: list[Replacement] = []
    for match in WORD.finditer(text):
        start, word = match.start(), match[0]
        prefix = PREFIX.match(word)
        if prefix:
            start, word = start + prefix.end(), word[prefix.end() :]
        plain, counterpart, rule = _counterpart(text, start, word)
        if counterpart is None:
            continue
        new = recased(word, plain, counterpart, text[: match.start()], text)
        found += _with_article(text, Replacement(start, start + len(word), word, new, rule), match.start())
    return found


def _counterpart(text: str, start: int, word: str) -> tuple[str, str | None, str]:
    """The word as written inside a sentence, its counterpart if it has one, and the rule."""
    folded = word.lower()
    if folded in ("her", "his"):
        use = use_of(text, start)
        return folded, PRONOUNS[folded, use], f"{folded}, {use}"
    if folded in PLAIN:
        return folded, PLAIN[folded], "pronoun"
    if folded in words("no_counterpart.txt"):
        raise Undecided(Doubt.WORD, word)
    names, table = pairs("names.txt"), pairs("gender_words.txt")
    name = word if word in names else word.title()
    if name in names:
        return (name, names[name], "name") if word[0].isupper() else (word, None, "")
    for plain in (word, folded, folded.title()):
        if plain in table:
            return plain, table[plain], "word"
    return word, None, ""


def _named(text: str, table: dict[str, dict[str, str | None]]) -> list[Replacement]:
    """Replacements of the words of two groups; table: folded word → form → counterpart."""
    alternatives = sorted(table, key=len, reverse=True)
    pattern = re.compile(
        rf"(?<![\w-])(?:{'|'.join(re.escape(word).replace(chr(92) + ' ', r'[ ]') for word in alternatives)})(?![\w-])",
        re.IGNORECASE,
    )
    found: list[Replacement] = []
    for match in pattern.finditer(text):
        forms = table[match[0].lower()]
        form = next(iter(forms)) if len(forms) == 1 else _form(text, match.start(), match.end())
        pair = forms.get(form)
        if pair is None:
            raise Undecided(Doubt.FORM, match[0])
        plain, _, counterpart = pair.partition("→")
        new = recased(match[0], plain, counterpart, text[: match.start()], text)
        found += _with_article(text, Replacement(match.start(), match.end(), match[0], new, form), match.start())
    return found


def _form(text: str, start: int, end: int) -> str:
    """Whether a word that is adjective and noun is here the one or the other."""
    tokens = tagged(text)
    after = [token for token in tokens if token[0] >= end]
    before = [token for token in tokens if token[0] < start]
    if _leads_to_noun(after):
        return "adjective"
    for _, word, tag in reversed(before):
        if tag in ("AT0", "DPS", "DT0") or word.lower() in ("one", "each", "every", "another"):
            return "noun"
        if tag not in (*MODIFIERS, *NOUN_TAGS):
            break
    return "adjective"


def _leads_to_noun(after: list[tuple[int, str, str]]) -> bool:
    for _, word, tag in after:
        if word == "'s" or word == "’s":
            return False
        if tag in NOUN_TAGS:
            return True
        if tag not in MODIFIERS:
            return False
    return False


def _with_article(text: str, one: Replacement, start: int) -> list[Replacement]:
    """The replacement, and that of an `a` or `an` before it where the new word asks for the other."""
    article = ARTICLE.search(text[:start])
    if not article or start != one.start:
        return [one]
    letter = article[1][0]
    wanted = letter + ("" if not takes_an(one.new) else "N" if article[1].isupper() and len(article[1]) > 1 else "n")
    if wanted == article[1]:
        return [one]
    at = article.start(1)
    return [Replacement(at, at + len(article[1]), article[1], wanted, "article"), one]


@cache
def _groups() -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Axis and forms (adjective, noun, plural) of every group."""
    axis, axes, groups = "", {}, {}
    for line in lines("group_words.txt"):
        if line.startswith("["):
            axis = line[1:-1]
            continue
        name, _, forms = line.partition(":")
        axes[name], groups[name] = axis, tuple(form.strip() for form in forms.split(";"))
    return axes, groups


def _forms(own: tuple[str, ...], other: tuple[str, ...]) -> dict[str, dict[str, str | None]]:
    """Folded word → form → `plain→counterpart`, None where the other group has no such form."""
    table: dict[str, dict[str, str | None]] = {}
    for form, word, counterpart in zip(("adjective", "noun", "plural"), own, other, strict=True):
        if word != "-":
            pair = None if counterpart == "-" else f"{word}→{counterpart}"
            table.setdefault(word.lower(), {})[form] = pair
    return table
