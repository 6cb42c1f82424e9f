"""Templates: texts that differ in nothing but the identity they name (audit measure 2.6).

What counts is the template, not the row: one frame filled a thousand times is one piece of evidence a thousand times
seen. Frames are what is left of a text when its slots are emptied; intervals resample frames.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from ..data.lexicon import Lexicon
from ..data.values import CLUSTERS, LEVEL, Floats, Interval, Ints, divided
from ..data.wording import takes_an
from ..statistics.bootstrap import RESAMPLES, widened

SLOT = re.compile(r"\{(\w+)\}")
ARTICLE = re.compile(r"\b([Aa])n? \{(\w+)\}")
EMPTIED = "{}"


@dataclass(frozen=True)
class Filled:
    """A text made from a template: the template's number and what stands in each slot."""

    text: str
    template: int
    slots: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Effects:
    """effect (identities,): mean over frames of its score minus the frame's mean score, in its unit; intervals
    by resampling frames, None below 20; spread (frames,): highest minus lowest score in a frame; table (frames,
    identities): mean scores, NaN where a frame lacks an identity."""

    identities: tuple[str, ...]
    effect: Floats
    intervals: tuple[Interval | None, ...]
    spread: Floats
    table: Floats

    @property
    def frames(self) -> int:
        return len(self.table)


def fill(templates: Sequence[str], slots: Mapping[str, Sequence[str]]) -> Iterator[Filled]:
    """Every template with every filling of its `{slots}`. `a {slot}` becomes `an` where the word asks for it.

    ValueError names a slot without words.
    """
    for number, template in enumerate(templates):
        names = list(dict.fromkeys(SLOT.findall(template)))
        missing = [name for name in names if not slots.get(name)]
        if missing:
            known = ", ".join(sorted(slots)) or "none"
            raise ValueError(f"template {template!r} has the slot {missing[0]!r}, which has no words; slots: {known}")
        for words in product(*(slots[name] for name in names)):
            chosen = dict(zip(names, words, strict=True))
            yield Filled(_filled(template, chosen), number, tuple(chosen.items()))


def _filled(template: str, words: Mapping[str, str]) -> str:
    agreeing = ARTICLE.sub(
        lambda found: f"{found[1]}{'n' if takes_an(words[found[2]]) else ''} {{{found[2]}}}", template
    )
    return SLOT.sub(lambda found: words[found[1]], agreeing)


def frames(texts: Sequence[str], slots: Sequence[Lexicon]) -> tuple[Ints, tuple[str, ...]]:
    """The number of each text's frame, and the frames: texts with every term of the lexicons emptied.

    The case of letters, articles before an emptied slot and runs of spaces make no other frame.
    """
    found = [_frame(text, slots) for text in texts]
    distinct, at = np.unique(found, return_inverse=True)
    return at.astype(np.int64), tuple(str(frame) for frame in distinct)


def _frame(text: str, slots: Sequence[Lexicon]) -> str:
    spans = sorted({(mention.start, mention.end) for lexicon in slots for mention in lexicon.find(text)})
    pieces, at = [], 0
    for start, end in spans:
        if start >= at:
            pieces += [text[at:start], EMPTIED]
            at = end
    frame = re.sub(r"\s+", " ", "".join([*pieces, text[at:]])).strip().casefold()
    return re.sub(r"\ban (?=\{\})", "a ", frame)


def identity_effects(
    scores: Floats, frame: Ints, identity: Ints, names: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES
) -> Effects:
    """e_i = mean over frames of (score of identity i − mean score of the frame over its identities)."""
    shape = (int(frame.max()) + 1, len(names))
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (frame, identity), scores)
    np.add.at(counts, (frame, identity), 1)
    used = counts.any(axis=1)
    table = divided(sums, counts)[used]
    deviations = table - np.nanmean(table, axis=1, keepdims=True)
    effect = _column_means(np.ones((1, len(table))), deviations)[0]
    intervals: tuple[Interval | None, ...] = (None,) * len(names)
    if len(table) >= CLUSTERS:
        rng = np.random.default_rng(seed)
        weights = rng.multinomial(len(table), np.full(len(table), 1 / len(table)), size=resamples).astype(np.float64)
        drawn = _column_means(weights, deviations)
        ends = np.nanquantile(drawn, widened(len(table), LEVEL), axis=0)
        intervals = tuple(Interval(float(a), float(b), "cluster bootstrap, crossed") for a, b in ends.T)
    return Effects(tuple(names), effect, intervals, np.nanmax(table, axis=1) - np.nanmin(table, axis=1), table)


def _column_means(weights: Floats, table: Floats) -> Floats:
    """(draws, columns): weighted means of the entries that are there."""
    present = ~np.isnan(table)
    return divided(weights @ np.where(present, table, 0.0), weights @ present.astype(np.float64))
