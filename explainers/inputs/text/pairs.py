"""Two texts that are read apart, as one row of positions: those of the first, then those of the second."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...contract import Encoded, Ids, SimilarityOutput, TextInput, TextSpan, Token, text_spans
from .ids import TextIds, ids_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PairIds(TextIds):
    """The ids of both texts, one after the other. split: where the second begins."""

    split: int


def pair_of(inputs: Encoded) -> PairIds:
    """The ids of an input that was encoded by a model that compares texts."""
    assert isinstance(inputs.held, PairIds)
    return inputs.held


def without_prompt(side: Encoded, text: str, *, before: int) -> Encoded:
    """A text that was encoded with a prompt of `before` characters, with offsets of its own; the prompt is nobody's."""
    if not before:
        return side

    def moved(span: TextSpan) -> TextSpan:
        start, end = max(span.start - before, 0), span.end - before
        return span.model_copy(update={"start": start, "end": end, "text": text[start:end]})

    def token(one: Token) -> Token:
        if one.start is None or one.end is None or one.end <= before:
            return one.model_copy(update={"start": None, "end": None, "special": True})
        return one.model_copy(update={"start": max(one.start - before, 0), "end": one.end - before})

    return replace(
        side,
        input=TextInput(text=text),
        focus=None,
        features=tuple(map(moved, text_spans(side.features))),
        tokens=tuple(map(token, side.tokens)),
    )


def kept_whole(side: Encoded) -> Encoded:
    """A text without players: it stays as it is in every coalition."""
    tokens = tuple(token.model_copy(update={"player": None}) for token in side.tokens)
    return replace(side, features=(), tokens=tokens, owner=np.full_like(side.owner, -1))


def paired(first: Encoded, second: Encoded, outputs: SimilarityOutput) -> Encoded:
    """Two encoded texts as one input; the players of the second come behind those of the first."""
    held, other = ids_of(first), ids_of(second)
    count = len(first.features)
    behind = tuple(
        token.model_copy(update={"part": "text_pair", "player": None if token.player is None else token.player + count})
        for token in second.tokens
    )
    spans = tuple(span.model_copy(update={"part": "text_pair"}) for span in text_spans(second.features))
    return replace(
        first,
        input=TextInput(text=first.text, text_pair=second.text),
        outputs=outputs,
        features=(*first.features, *spans),
        tokens=(*first.tokens, *behind),
        sides=(count, len(spans)),
        owner=np.concatenate([first.owner, np.where(second.owner < 0, -1, second.owner + count)]),
        held=PairIds(
            ids=np.concatenate([held.ids, other.ids]),
            segments=_joined(held.segments, other.segments),
            positions=_joined(held.positions, other.positions),
            baseline_ids=_joined(held.baseline_ids, other.baseline_ids),
            split=len(held.ids),
        ),
    )


def _joined(first: Ids | None, second: Ids | None) -> Ids | None:
    return None if first is None or second is None else np.concatenate([first, second])
