"""Slurs in what a run stores: masked before anything is computed or written, so that every form of a report is alike.

A text keeps its length, so that the places of its words stay. A word that stands alone gets the start of its hash,
so that two words with one mask stay two. What was masked is kept apart from the report, for a page that is asked.
"""

from __future__ import annotations

from dataclasses import replace

from ..data.material import Match
from .evidence import Evidence, ExplainedText, Word
from .painting import Originals
from .stored import Stored
from .words import is_masked, masked_name, masked_names, masked_text, plain_word


def masked(stored: Stored) -> Stored:
    """Mask every listed word in texts and words; rows, scores and hashes of texts stay as they are."""
    explained = tuple(replace(each, words=_words(each)) for each in stored.evidence.explained)
    edited = tuple(replace(each, word=masked_name(each.word)) for each in stored.evidence.edited)
    named = {cluster: masked_names(cluster) for cluster in set(stored.clusters or ())}
    places = {each.row: each for each in stored.evidence.explained}
    return replace(
        stored,
        texts={row: _text(text, places[row]) for row, text in stored.texts.items()},
        clusters=None if stored.clusters is None else tuple(named[cluster] for cluster in stored.clusters),
        matches=tuple(map(_match, stored.matches)),
        evidence=Evidence(explained, edited),
    )


def originals(stored: Stored) -> Originals:
    """The texts and words as they stood before masking, for the rows."""
    hidden = masked(stored)
    words = {plain_word(word.text) for each in stored.evidence.explained for word in each.words}
    return {
        "texts": {str(row): text for row, text in stored.texts.items() if text != hidden.texts[row]},
        "words": {masked_name(word): word for word in sorted(words) if is_masked(word)},
    }


def _words(text: ExplainedText) -> tuple[Word, ...]:
    return tuple(replace(word, text=masked_name(word.text)) for word in text.words)


def _match(match: Match) -> Match:
    before, term, after = (masked_text(part) for part in (match.before, match.term, match.after))
    return replace(match, before=before, term=term, after=after)


def _text(text: str, explained: ExplainedText) -> str:
    """Also where the words are not parted by spaces: a word of the explanation is looked up by itself."""
    for word in explained.words:
        if is_masked(word.text):
            text = text[: word.start] + masked_text(text[word.start : word.end]) + text[word.end :]
    return masked_text(text)
