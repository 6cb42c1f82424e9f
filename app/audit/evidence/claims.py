"""The words of a gap: what an explanation claims of each, and what taking it out of those very texts does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..data.terms import TRUST
from ..data.values import Floats, Ints
from .attribution import WORD_CLASSES, class_sums
from .decomposition import Side, WordEffect, agreement, causal_check, word_table
from .evidence import Edited, ExplainedText
from .words import plain_word

MOST_WORDS = 12
# Spearman's ρ of claim and measured effect. At .7 half of the variance of the ranks is shared; below .4 two words in
# three pairs at most stand in the right order, hardly more than by tossing a coin.
FOLLOW, ROUGHLY_FOLLOW = 0.7, 0.4
ENOUGH_WORDS = 5  # below it a perfect order comes about by chance in one of 24 cases or more


@dataclass(frozen=True)
class Claim:
    """claim: mean contribution over all texts of the group minus the same in the comparison, log-odds. measured: change
    of the group's rate when the word is taken out of the `tried` texts that hold it; shift: mean change of their p."""

    word: str
    part: str
    texts: int
    claim: float
    p: float
    q: float | None
    measured: float | None = None
    shift: float | None = None
    flips: int | None = None
    tried: int = 0


@dataclass(frozen=True)
class Reason:
    """Why a badge has its level: a code to translate by, the English sentence, its values."""

    code: str
    text: str
    values: dict[str, float | int | None]


@dataclass(frozen=True)
class Trust:
    """How far the claims of a gap's words can be trusted: a badge, as explanations have one."""

    level: Literal["sound", "rough", "distrust"]
    reasons: tuple[Reason, ...]


def side(texts: Sequence[ExplainedText], blocks: Ints | None) -> Side:
    """The texts as one side of a gap. blocks: the cluster of every stored row."""
    numbers = {name: number for number, name in enumerate(WORD_CLASSES)}
    sums = [
        class_sums(np.array([w.score for w in text.words]), np.array([numbers[w.part] for w in text.words], dtype=int))
        for text in texts
    ]
    return Side(
        sums=np.array(sums),
        outputs=np.array([text.output for text in texts]),
        baselines=np.array([text.baseline for text in texts]),
        clusters=None if blocks is None else blocks[[text.row for text in texts]],
    )


def claims_of(own: Sequence[ExplainedText], other: Sequence[ExplainedText], *, seed: int) -> list[Claim]:
    """The words with the largest claims; q over all words that three texts hold."""
    sides = [
        [([plain_word(w.text) for w in t.words], np.array([w.score for w in t.words])) for t in s] for s in (own, other)
    ]
    parts = {plain_word(w.text): w.part for text in reversed(own) for w in text.words}
    effects = [e for e in word_table(*sides, seed=seed) if e.word in parts and e.word and e.texts]
    return [_claim(effect, parts[effect.word]) for effect in effects[:MOST_WORDS]]


def _claim(effect: WordEffect, part: str) -> Claim:
    return Claim(effect.word, part, effect.texts, effect.claim, effect.p, effect.q)


def measured(
    claims: Sequence[Claim], edited: Sequence[Edited], scores: Floats, *, threshold: float, rows: int
) -> list[Claim]:
    """The claims with what was measured. rows: tried texts of the group, with the word and without: the denominator of
    their rate."""
    found = []
    for claim in claims:
        mine = [each for each in edited if each.word == claim.word]
        before = np.array([scores[each.row] for each in mine])
        after = np.array([each.score for each in mine])
        check = causal_check(before >= threshold, after >= threshold)
        if check is None:
            found.append(claim)
            continue
        found.append(
            replace(
                claim,
                measured=check.change(rows),
                shift=float((after - before).mean()),
                flips=check.gained + check.lost,
                tried=check.texts,
            )
        )
    return found


def claimed_and_measured(claims: Sequence[Claim]) -> float | None:
    """Rank correlation of the claims with what taking each word out takes away; None below three measured words."""
    able = [claim for claim in claims if claim.shift is not None]
    effects = np.array([-(claim.shift or 0.0) * claim.texts for claim in able])
    return agreement(np.array([claim.claim for claim in able]), effects)


def trust(claims: Sequence[Claim]) -> Trust:
    """Judged by the rank correlation of what is claimed of the words and what was measured."""
    correlation, words = claimed_and_measured(claims), sum(claim.shift is not None for claim in claims)
    level: Literal["sound", "rough", "distrust"] = "rough"
    if correlation is None:
        code = "claims_unchecked"
    elif correlation < ROUGHLY_FOLLOW:
        level, code = "distrust", "claims_do_not_follow"
    elif words < ENOUGH_WORDS:
        code = "claims_of_few_words"
    elif correlation < FOLLOW:
        code = "claims_roughly_follow"
    else:
        level, code = "sound", "claims_follow"
    return Trust(level, (Reason(code, TRUST[code], {"correlation": correlation, "words": words}),))
