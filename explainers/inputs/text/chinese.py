"""Words of Chinese, which is written without spaces: jieba's dictionary and its hidden Markov model, in Rust."""

from __future__ import annotations

from itertools import accumulate

import regex

HAN = regex.compile(r"\p{Script=Han}+")
KANA = regex.compile(r"[\p{Script=Hiragana}\p{Script=Katakana}]")


def word_starts(text: str) -> frozenset[int]:
    """Positions (code points) at which a word begins within a run of Han characters, the first of each run included.

    Empty where the text has Kana: it is Japanese then, whose words the dictionary does not know.
    """
    if KANA.search(text):
        return frozenset()
    return frozenset(start for run in HAN.finditer(text) for start in _starts(run.group(), run.start()))


def _starts(run: str, at: int) -> list[int]:
    if len(run) == 1:
        return [at]
    import rjieba  # its dictionary takes a fifth of a second and 34 MB, once

    lengths = [len(word) for word in rjieba.cut(run)]
    return list(accumulate(lengths[:-1], initial=at))
