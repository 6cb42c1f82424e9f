"""Text as players: parts of the user's exact text that are kept or replaced together.

A tokenizer says which characters each token covers. Tokens that share a character or a grapheme cluster (what a
reader sees as one character, Unicode annex 29) always play together; coarser players are runs of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import ceil
from typing import Literal

from ...contract import Players, TextSpan
from ...errors import BadInput
from .breaks import Ruler, phrase_ends, sentence_ends

MOST_PLAYERS = 80  # above it `auto` takes the next coarser level
MOST_WORDS = 60  # of one sentence in a text that is read in windows
Grain = Literal["token", "word", "phrase", "sentence", "passage"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring tokens that play together: they cover text[start:end]; `tokens` are their numbers."""

    start: int
    end: int
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Players of all parts of an input. `owner` has one entry a token: its player, or −1 for special tokens."""

    grain: Grain
    features: tuple[TextSpan, ...]
    owner: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """One token: the part it comes from (0 text, 1 text pair, None special), the characters it covers."""

    part: int | None
    start: int = 0
    end: int = 0
    known: bool = True


def arrange(texts: Sequence[str], pieces: Sequence[Piece], players: Players, *, long: bool = False) -> Arrangement:
    """Divides the tokens of every part into players of the asked level; 'auto' is resolved over all parts together.

    long: the text is longer than the model reads, 'auto' means sentences; one without stops is divided where it has
    many words, and where there are too many they are joined, so that the game stays small.
    """
    rulers = [Ruler(text) for text in texts]
    tokens = [_atoms(ruler, pieces, part) for part, ruler in enumerate(rulers)]
    words = [_words(ruler, atoms) for ruler, atoms in zip(rulers, tokens, strict=True)]
    for grain in _grains("sentence" if long and players == "auto" else players):
        if grain in ("token", "word"):
            found = tokens if grain == "token" else words
        elif grain == "passage":
            found = [[reduce(_union, own)] if own else [] for own in words]
        else:
            ends = phrase_ends if grain == "phrase" else sentence_ends
            found = [_joined(w, ends(r, [(s.start, s.end) for s in w])) for r, w in zip(rulers, words, strict=True)]
        if sum(map(len, found)) <= MOST_PLAYERS:
            break
    if long and players == "auto":
        found = [_few(_divided(run, w)) for run, w in zip(found, words, strict=True)]
    return _numbered(grain, texts, pieces, found)


def _grains(players: Players) -> tuple[Grain, ...]:
    """The levels to try, in order; the last one is kept whatever its size. Raises BadInput for parts of no text."""
    if players == "patch" or players == "region" or players == "detail" or players == "span":
        raise BadInput(
            f"{players} names parts of an image or a recording: choose auto, token, word, phrase or sentence"
        )
    return ("word", "phrase", "sentence") if players == "auto" else (players,)


def _numbered(
    grain: Grain, texts: Sequence[str], pieces: Sequence[Piece], found: Sequence[Sequence[Stretch]]
) -> Arrangement:
    features: list[TextSpan] = []
    owner = [-1] * len(pieces)
    for part, stretches in enumerate(found):
        for stretch in stretches:
            for token in stretch.tokens:
                owner[token] = len(features)
            features.append(
                TextSpan(
                    text=texts[part][stretch.start : stretch.end],
                    start=stretch.start,
                    end=stretch.end,
                    part="text_pair" if part else "text",
                    known=any(pieces[t].known for t in stretch.tokens),
                )
            )
    return Arrangement(grain, tuple(features), tuple(owner))


def _atoms(ruler: Ruler, pieces: Sequence[Piece], part: int) -> list[Stretch]:
    """The finest players: tokens, merged where their spans, grown to whole grapheme clusters, overlap.

    A token that covers white space alone, or nothing, belongs to the token after it, at the end to the one before.
    """
    atoms: list[Stretch] = []
    waiting: tuple[int, ...] = ()
    for number, piece in enumerate(pieces):
        if piece.part != part:
            continue
        start, end = ruler.trimmed(piece.start, piece.end)
        if start == end:
            waiting += (number,)
            continue
        atom = Stretch(start, end, (*waiting, number))
        waiting = ()
        while atoms and atom.start < atoms[-1].end:
            atom = _union(atoms.pop(), atom)
        atoms.append(atom)
    if waiting and atoms:
        atoms[-1] = Stretch(atoms[-1].start, atoms[-1].end, atoms[-1].tokens + waiting)
    return atoms


def _words(ruler: Ruler, atoms: Sequence[Stretch]) -> list[Stretch]:
    words: list[Stretch] = []
    for atom in atoms:
        if words and not ruler.divided(words[-1].end, atom.start):
            words[-1] = _union(words[-1], atom)
        else:
            words.append(atom)
    return words


def _joined(words: Sequence[Stretch], ends: Sequence[bool]) -> list[Stretch]:
    """Runs of words; ends[i] says that a run stops after word i."""
    runs: list[Stretch] = []
    open_run = False
    for word, last in zip(words, ends, strict=True):
        if open_run:
            runs[-1] = _union(runs[-1], word)
        else:
            runs.append(word)
        open_run = not last
    return runs


def _divided(sentences: Sequence[Stretch], words: Sequence[Stretch]) -> list[Stretch]:
    """A sentence of very many words becomes several players of equal size."""
    out: list[Stretch] = []
    for sentence in sentences:
        own = [word for word in words if sentence.start <= word.start < sentence.end]
        parts = max(1, ceil(len(own) / MOST_WORDS))
        if parts == 1:
            out.append(sentence)
            continue
        size = ceil(len(own) / parts)
        out += [reduce(_union, own[at : at + size]) for at in range(0, len(own), size)]
    return out


def _few(sentences: Sequence[Stretch]) -> list[Stretch]:
    """At most MOST_PLAYERS: neighbours are joined, all about equally many."""
    size = ceil(len(sentences) / MOST_PLAYERS)
    return [reduce(_union, sentences[at : at + size]) for at in range(0, len(sentences), size)]


def _union(first: Stretch, second: Stretch) -> Stretch:
    return Stretch(
        min(first.start, second.start), max(first.end, second.end), tuple(sorted(first.tokens + second.tokens))
    )
