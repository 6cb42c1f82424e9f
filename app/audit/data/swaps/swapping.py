"""Counterfactual twins: the same texts with another group of the axis in place of the one they name (measure 2.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from ..lexicon import Lexicon
from ..material import Pair
from ..plan import Language
from ..swapped import Outcome, Swapped
from . import chinese, english

GENDER = {"en": ("women", "men"), "zh": ("女性", "男性")}
BOTH, NO_WORD = "both_named", "no_word"
TRIES = 5  # times the pairs that are wanted: where nearly every text is unsure, the rest is not tried

Candidate = tuple[int, str, str]  # the text, the group it names, the group that takes its place


@dataclass(frozen=True)
class Twins:
    """texts[k] is the twin of pairs[k]. left_out: why → how many of the tried candidates."""

    texts: tuple[str, ...]
    pairs: tuple[Pair, ...]
    left_out: Mapping[str, int]
    candidates: int
    tried: int


def twins_of(
    texts: Sequence[str],
    named: Sequence[frozenset[str]],
    *,
    language: Language,
    most: int,
    seed: int,
) -> Twins:
    """named: the groups each text names. Pairs that a reviewer will not have compared are made all the same and left
    out of the figures, so that marking one changes no other.

    A text that names both groups, a word without counterpart and every other doubt leave a candidate out, counted.
    """
    candidates = _candidates(named, language)
    order = np.random.default_rng(seed).permutation(len(candidates))
    doubts: Counter[str] = Counter()
    made: list[tuple[Candidate, Swapped]] = []
    tried = 0
    for at in order[: TRIES * most]:
        if len(made) == most:
            break
        tried += 1
        row, own, other = candidates[at]
        if other in named[row]:
            doubts[BOTH] += 1
            continue
        outcome = _swap(language, own, other)(texts[row])
        if isinstance(outcome, Swapped):
            made.append((candidates[at], outcome))
        else:
            doubts[NO_WORD if outcome is None else outcome.doubt.value] += 1
    made.sort(key=lambda entry: entry[0])
    pairs = [
        Pair(row, len(texts) + k, own, other, swapped.replacements)
        for k, ((row, own, other), swapped) in enumerate(made)
    ]
    twins = tuple(swapped.text for _, swapped in made)
    return Twins(twins, tuple(pairs), dict(sorted(doubts.items())), len(candidates), tried)


def every_swap(text: str, language: Language) -> Iterator[tuple[str, str, str]]:
    """The group that the text names, the one in its place, and the text then; swaps with a doubt are left out."""
    named = frozenset(mention.group for mention in _lexicon(language).find(text))
    for _, own, other in _candidates([named], language):
        outcome = None if other in named else _swap(language, own, other)(text)
        if isinstance(outcome, Swapped):
            yield own, other, outcome.text


def swappable(language: Language) -> dict[str, tuple[str, ...]]:
    """The groups that can stand for one another, by axis: as words of the same place in a sentence."""
    if language == "en":
        return {**english.swappable_groups(), "gender": GENDER["en"]}
    axes: dict[str, list[str]] = {}
    for group in _lexicon("zh").groups:
        if group.name not in GENDER["zh"]:
            axes.setdefault(group.axis, []).append(group.name)
    return {**{axis: tuple(names) for axis, names in axes.items()}, "gender": GENDER["zh"]}


@cache
def _lexicon(language: Language) -> Lexicon:
    return Lexicon.load(language)


def _candidates(named: Sequence[frozenset[str]], language: Language) -> list[Candidate]:
    others: dict[str, tuple[str, ...]] = {}
    for names in swappable(language).values():
        for own in names:
            others[own] = tuple(name for name in names if name != own)
    return [
        (row, own, other) for row, groups in enumerate(named) for own in sorted(groups) for other in others.get(own, ())
    ]


def _swap(language: Language, own: str, other: str) -> Callable[[str], Outcome]:
    if {own, other} == set(GENDER[language]):
        return english.gender_swap if language == "en" else chinese.gender_swap
    swap = english.group_swap if language == "en" else chinese.group_swap
    return lambda text: swap(text, own, other)
