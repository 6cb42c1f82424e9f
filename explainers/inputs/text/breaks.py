"""Where a text may be divided: between grapheme clusters, words, phrases and sentences."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import regex

from .chinese import HAN, word_starts

GRAPHEME = regex.compile(r"\X")
UNSPACED = regex.compile(  # scripts written without spaces between words; ー lengthens a Kana vowel
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}"
    r"\p{Script=Khmer}\p{Script=Myanmar}ー]"
)
MARK = regex.compile(r"[\p{P}\p{S}]")
INSIDE_WORDS = frozenset("'’-‐‑.,")
STOP = regex.compile(r"[\p{Terminal_Punctuation}–—―…]")
SENTENCE_STOP = regex.compile(r"[\p{Sentence_Terminal}…]")
DOTTED = regex.compile(r"(\p{L}\.)+\p{L}")
BRACKET = (regex.compile(r"\p{Ps}"), regex.compile(r"\p{Pe}"))
CLOSING = regex.compile(r"[\p{Pe}\p{Pf}\"']")
LINE_BREAK = regex.compile(r"\r\n|[\n\r\u0085\u2028\u2029]")
ABBREVIATIONS = frozenset(("mr", "mrs", "ms", "dr", "prof", "st", "sr", "jr", "vs", "etc", "no", "fig", "al", "approx"))

Span = tuple[int, int]


class Ruler:
    """A text with its grapheme clusters; positions are code points."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.clusters: list[Span] = [m.span() for m in GRAPHEME.finditer(text)]

    @cached_property
    def _cluster_at(self) -> list[int]:
        """The number of the cluster each code point lies in."""
        return [number for number, (start, end) in enumerate(self.clusters) for _ in range(start, end)]

    def trimmed(self, start: int, end: int) -> Span:
        """The whole clusters that text[start:end] touches, without white space at its sides; empty if none is left."""
        if start >= end:
            return (start, start)
        first, last = self._cluster_at[start], self._cluster_at[end - 1]
        while first <= last and self.blank(first):
            first += 1
        while last >= first and self.blank(last):
            last -= 1
        if first > last:
            return (start, start)
        return self.clusters[first][0], self.clusters[last][1]

    def blank(self, cluster: int) -> bool:
        start, end = self.clusters[cluster]
        return self.text[start:end].isspace()

    def divided(self, left: int, right: int) -> bool:
        """Whether a word ends somewhere between the stretch that stops at `left` and the one that starts at `right`."""
        first, last = self._cluster_at[left - 1], self._cluster_at[right]
        return any(self._word_ends_after(cluster) for cluster in range(first, last))

    def _word_ends_after(self, cluster: int) -> bool:
        pair = (cluster, cluster + 1)
        if any(map(self.blank, pair)):
            return True
        if all(map(self._han, pair)) and self._chinese:
            return self.clusters[cluster + 1][0] in self._chinese
        if any(map(self._unspaced, pair)):
            return True
        return any(self._mark(c) and not self._inside_word(c) for c in pair)

    def _first(self, cluster: int) -> str:
        return self.text[self.clusters[cluster][0]]

    def _unspaced(self, cluster: int) -> bool:
        return UNSPACED.match(self._first(cluster)) is not None

    def _han(self, cluster: int) -> bool:
        return HAN.match(self._first(cluster)) is not None

    @cached_property
    def _chinese(self) -> frozenset[int]:
        """Where Chinese words begin; empty for a text in another language."""
        return word_starts(self.text)

    def _mark(self, cluster: int) -> bool:
        return MARK.match(self._first(cluster)) is not None

    def _inside_word(self, cluster: int) -> bool:
        """An apostrophe, hyphen, period or comma between letters or digits, as in don't, co-worker and 3.5."""
        if self._first(cluster) not in INSIDE_WORDS or not 0 < cluster < len(self.clusters) - 1:
            return False
        return all(self._first(c).isalnum() and not self._unspaced(c) for c in (cluster - 1, cluster + 1))


def phrase_ends(ruler: Ruler, words: Sequence[Span]) -> list[bool]:
    """For every word whether a phrase ends with it: at clause punctuation, around brackets, at line breaks."""
    sentences = sentence_ends(ruler, words)
    ends = []
    for number, (start, end) in enumerate(words):
        if number + 1 == len(words):
            ends.append(True)
            break
        word, gap = ruler.text[start:end], ruler.text[end : words[number + 1][0]]
        following = ruler.text[slice(*words[number + 1])]
        stops = _stops(words, number, ruler.text, STOP) and not _attached(gap, following)
        bracket = bool(gap) and bool(BRACKET[0].match(following) or BRACKET[1].match(word[-1]))
        ends.append(sentences[number] or stops or bracket or LINE_BREAK.search(gap) is not None)
    return ends


def sentence_ends(ruler: Ruler, words: Sequence[Span]) -> list[bool]:
    """For every word whether a sentence ends with it: at final punctuation, and at blank lines."""
    ends = []
    for number, (_, end) in enumerate(words):
        if number + 1 == len(words):
            ends.append(True)
            break
        gap = ruler.text[end : words[number + 1][0]]
        following = ruler.text[slice(*words[number + 1])]
        blank_line = len(LINE_BREAK.findall(gap)) > 1
        stops = _stops(words, number, ruler.text, SENTENCE_STOP) and not _attached(gap, following)
        ends.append(blank_line or (stops and _starts_sentence(words, number, ruler.text, gap, following)))
    return ends


def _stops(words: Sequence[Span], number: int, text: str, stop: regex.Pattern[str]) -> bool:
    """Whether the word is a stop, or a closing quote or bracket that touches one."""
    while number > 0 and CLOSING.fullmatch(text[slice(*words[number])]) and words[number - 1][1] == words[number][0]:
        number -= 1
    return stop.match(text[words[number][1] - 1]) is not None and not _abbreviation(words, number, text)


def _attached(gap: str, following: str) -> bool:
    """A further stop or a closing mark without a space before it belongs to the stop."""
    return not gap and (CLOSING.match(following) is not None or STOP.match(following) is not None)


def _starts_sentence(words: Sequence[Span], number: int, text: str, gap: str, following: str) -> bool:
    stop = text[words[number][1] - 1]
    if not stop.isascii() and stop != "…":
        return True
    trails_off = stop == "…" or text[: words[number][1]].endswith("..")
    return bool(gap) and not (trails_off and following[0].islower())


def _abbreviation(words: Sequence[Span], number: int, text: str) -> bool:
    """A period after Mr, U.S, e.g or a single capital ends nothing."""
    start, end = words[number]
    if text[end - 1] != ".":
        return False
    word = text[start : end - 1] if end - start > 1 else ""
    if not word and number > 0 and words[number - 1][1] == start:
        word = text[slice(*words[number - 1])]
    short = len(word) == 1 and word.isupper()
    return short or word.casefold() in ABBREVIATIONS or DOTTED.fullmatch(word) is not None
