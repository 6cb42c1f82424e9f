"""Groups found by the terms a text mentions: editable lists, whole words, longest match first.

English and other spaced scripts match whole words, whatever their case. Chinese has no spaces: terms match where they
stand, the longest first, and a lexicon lists longer words that are no mention although they hold a term.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from .groups import Membership, from_mentions

FILES = {"en": "english.txt", "zh": "chinese.txt"}
UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"  # Thai, kana, Han: no spaces between words
LETTER = rf"[^\W{UNSPACED}]"  # a word of a spaced script ends where none of these stands beside it
LONGEST = 100  # characters of a term
MOST = 5_000  # terms of a lexicon


Tree = dict[str, "Tree"]


@dataclass(frozen=True)
class Group:
    name: str
    axis: str
    terms: tuple[str, ...]
    exclusions: tuple[str, ...] = ()  # phrases that hold a term and are no mention


@dataclass(frozen=True)
class Mention:
    """A term in a text: text[start:end]."""

    start: int
    end: int
    group: str
    term: str


@dataclass(frozen=True)
class Lexicon:
    groups: tuple[Group, ...]

    @classmethod
    def load(cls, language: str) -> Lexicon:
        """The list that comes with whence: `en` or `zh`."""
        if language not in FILES:
            raise ValueError(f"there is no identity lexicon for {language!r}; there are {', '.join(FILES)}")
        return cls.parse((Path(__file__).parent / "lexicons" / FILES[language]).read_text(encoding="utf-8"))

    @classmethod
    def parse(cls, text: str) -> Lexicon:
        """From the form of the files: `[axis]`, then `group: term, term, -no mention`. ValueError names the line."""
        axis, groups = "", []
        for number, line in enumerate(text.splitlines(), start=1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("[") and line.endswith("]"):
                axis = line[1:-1].strip()
                continue
            groups.append(_group(line, axis, number))
        if not groups:
            raise ValueError("the lexicon names no group; a group is a line such as `gay people: gay, homosexual`")
        return cls(_checked(groups))

    def render(self) -> str:
        """The form that `parse` reads."""
        lines: list[str] = []
        for group in self.groups:
            if f"[{group.axis}]" not in lines and group.axis:
                lines.append(f"[{group.axis}]")
            lines.append(f"{group.name}: {', '.join([*group.terms, *('-' + e for e in group.exclusions)])}")
        return "\n".join(lines) + "\n"

    @property
    def digest(self) -> str:
        """SHA-256 over what the lexicon says, not over comments and blank lines."""
        return hashlib.sha256(self.render().encode()).hexdigest()

    @property
    def terms(self) -> tuple[str, ...]:
        return tuple(term for group in self.groups for term in group.terms)

    @cached_property
    def _owners(self) -> dict[str, tuple[str, ...]]:
        owners: dict[str, tuple[str, ...]] = {}
        for group in self.groups:
            for term in group.terms:
                owners[_folded(term)] = (*owners.get(_folded(term), ()), group.name)
        return owners

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        excluded = {phrase for group in self.groups for phrase in group.exclusions}
        return _pattern(sorted({*self.terms, *excluded}))

    def find(self, text: str) -> list[Mention]:
        """The mentions in a text, from left to right. A term of two groups is a mention of both."""
        return list(self._mentions(text))

    def _mentions(self, text: str) -> Iterator[Mention]:
        for match in self._pattern.finditer(text):
            for name in self._owners.get(_folded(match[0]), ()):
                yield Mention(match.start(), match.end(), name, match[0])

    def membership(self, texts: Sequence[str]) -> Membership:
        """Who is mentioned in which text; groups that no text mentions are left out."""
        at = {group.name: g for g, group in enumerate(self.groups)}
        inside = np.zeros((len(texts), len(self.groups)), dtype=bool)
        for row, text in enumerate(texts):
            for mention in self._mentions(text):
                inside[row, at[mention.group]] = True
        found = from_mentions([group.name for group in self.groups], [group.axis for group in self.groups], inside)
        return found.keep(np.flatnonzero(inside.any(axis=0)).tolist())


def _group(line: str, axis: str, number: int) -> Group:
    name, colon, listed = line.partition(":")
    entries = [entry.strip() for entry in re.split("[,，、]", listed) if entry.strip()]
    terms = [entry for entry in entries if not entry.startswith("-")]
    if not colon or not name.strip() or not terms:
        raise ValueError(f"line {number}: {line[:60]!r} is no group; write `name: term, term`")
    long = [entry for entry in entries if len(entry) > LONGEST]
    if long:
        raise ValueError(f"line {number}: the term {long[0][:40]!r} is longer than {LONGEST} characters")
    return Group(name.strip(), axis, tuple(terms), tuple(entry[1:].strip() for entry in entries if entry[0] == "-"))


def _checked(groups: list[Group]) -> tuple[Group, ...]:
    names = [group.name for group in groups]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"the group {twice!r} is listed twice; put its terms on one line")
    if sum(len(group.terms) for group in groups) > MOST:
        raise ValueError(f"the lexicon has more than {MOST} terms")
    return tuple(groups)


def _folded(term: str) -> str:
    return re.sub(r"\s+", " ", term.casefold().replace("’", "'"))


def _pattern(terms: Iterable[str]) -> re.Pattern[str]:
    """One pattern for all terms, as a tree of letters: a list of alternatives would be tried one by one everywhere."""
    trees: dict[str, Tree] = {"": {}, f"(?<!{LETTER})": {}}
    for term in terms:
        node = trees["" if re.match(f"[{UNSPACED}]", term) else f"(?<!{LETTER})"]
        for letter in _folded(term):
            node = node.setdefault(letter, {})
        node["" if re.search(f"[{UNSPACED}]$", term) else f"(?!{LETTER})"] = {}  # the end of the term
    return re.compile("|".join(start + _branches(tree) for start, tree in trees.items() if tree), re.IGNORECASE)


def _branches(tree: Tree) -> str:
    """Pattern of all that may follow, the longer before the end; any run of spaces and either apostrophe."""
    spelt = {" ": r"\s+", "'": "['’]"}
    longer = [spelt.get(key, re.escape(key)) + _branches(below) for key, below in tree.items() if len(key) == 1]
    ends = [key for key in tree if len(key) != 1]
    choices = [*longer, *ends]
    return choices[0] if len(choices) == 1 else f"(?:{'|'.join(choices)})" if choices else ""
