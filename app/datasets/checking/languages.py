"""Languages of texts, and the texts in another language than most of their file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

MARGIN = 12.0  # log-likelihood by which another language must be likelier than that of the file
FEWEST = 12  # letters; a Chinese or Japanese character counts as four
NO_WORDS = re.compile(r"@\w+|#\w+|(?:https?://|www\.)\S+|&#?\w+;")  # names, tags, addresses: of no language
WIDE = (0x2E80, 0x9FFF)
KIN = ({"zh", "wuu", "yue", "lzh"}, {"en", "pcm", "sco"}, {"no", "nb", "nn", "da"}, {"id", "ms"}, {"hr", "sr", "bs"})


def languages_of(texts: Sequence[str]) -> tuple[str, dict[str, int], list[int]]:
    """The language of most texts, how many texts each language has, and the numbers of those in another one.

    Short texts, and those whose language is not much likelier than the file's, count as the file's own.
    """
    said = [NO_WORDS.sub(" ", text) for text in texts]
    scores = [_scores(text) if _letters(text) >= FEWEST else None for text in said]
    likeliest = Counter(max(each, key=lambda name: each[name]) for each in scores if each)
    if not likeliest:
        return "", {}, []
    own = likeliest.most_common(1)[0][0]
    counts: Counter[str] = Counter()
    foreign = []
    for row, each in enumerate(scores):
        name = own if each is None else max(each, key=lambda name: each[name])
        if each is not None and not _kin(name, own) and each[name] - each.get(own, -1e9) >= MARGIN:
            foreign.append(row)
            counts[name] += 1
        else:
            counts[own] += 1
    return own, dict(counts.most_common()), foreign


def _letters(text: str) -> int:
    return sum(4 if WIDE[0] <= ord(c) <= WIDE[1] else 1 for c in text if c.isalpha())


def _kin(one: str, other: str) -> bool:
    return one == other or any({one, other} <= kin for kin in KIN)


def _scores(text: str) -> dict[str, float]:
    found: dict[str, float] = dict(_identifier().rank(text))
    return found


@cache
def _identifier() -> Any:
    """py3langid's model, which lies in its package (Lui & Baldwin 2012)."""
    from py3langid import langid

    return langid
