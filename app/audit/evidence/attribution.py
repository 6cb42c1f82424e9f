"""From word scores to bias: how much of a prediction rests on identity words (audit measure 2.7).

Scores are word-level attributions towards the audited class, sub-tokens summed; their unit is the method's and must be
shown beside every number here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..data.values import Bools, Floats, Ints

WORD_CLASSES = ("identity", "beside identity", "negation", "profanity", "rest")
NEGATIONS = frozenset(
    {"no", "not", "never", "none", "nobody", "nothing", "nowhere", "neither", "nor", "cannot", "without"}
    | {"不", "没", "没有", "别", "未", "无", "非", "莫", "勿", "从不", "不是", "不会", "不能"}
)


def identity_share(scores: Floats, identity: Bools) -> float | None:
    """Σ over identity words |score| / Σ over all words |score|, between 0 and 1; None where every score is 0."""
    whole = float(np.abs(scores).sum())
    return float(np.abs(scores[identity]).sum()) / whole if whole else None


def identity_lift(scores: Floats, identity: Bools) -> float | None:
    """The share divided by the words' share of the words: 1 is no more than their number; None without such words."""
    share = identity_share(scores, identity)
    return share * len(scores) / int(identity.sum()) if share is not None and identity.any() else None


def identity_push(scores: Floats, identity: Bools) -> float:
    """Σ over identity words of the signed score, in the method's unit: above 0 they push towards the class."""
    return float(scores[identity].sum())


def word_classes(words: Sequence[str], identity: Bools, profane: Callable[[str], bool]) -> Ints:
    """(words,): the number in WORD_CLASSES of each word; identity first, profanity and negation before neighbours."""
    beside = np.zeros(len(words), dtype=bool)
    beside[1:] |= identity[:-1]
    beside[:-1] |= identity[1:]
    found = np.full(len(words), WORD_CLASSES.index("rest"), dtype=np.int64)
    found[beside] = WORD_CLASSES.index("beside identity")
    for w, word in enumerate(words):
        folded = word.casefold().replace("’", "'")
        if folded in NEGATIONS or folded.endswith("n't"):
            found[w] = WORD_CLASSES.index("negation")
        elif profane(word):
            found[w] = WORD_CLASSES.index("profanity")
    found[identity] = WORD_CLASSES.index("identity")
    return found


def class_sums(scores: Floats, classes: Ints) -> Floats:
    """(classes,): the scores of one text summed by class of word."""
    return np.bincount(classes, weights=scores, minlength=len(WORD_CLASSES)).astype(np.float64)
