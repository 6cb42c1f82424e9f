"""A transformer's own encoding of a text, beside the features that methods know: ids, segments and positions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ...contract import Encoded, Ids, TextSpan, Token


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowIds:
    """Exactly what is predicted on in one window, as in TextIds."""

    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextIds:
    """One entry a token, in the model's order.

    ids, segments, positions: exactly what is predicted on; None where the architecture has no such input.
    baseline_ids: the ids of the empty coalition, where the baseline is one of ids.
    words, reads: of a token classifier: its words, and the token at which it reads the class of each.
    windows: of a text longer than the model reads, what it reads in each.
    """

    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None
    baseline_ids: Ids | None = None
    words: tuple[TextSpan, ...] = ()
    reads: tuple[int, ...] = ()
    windows: tuple[WindowIds, ...] = ()


def ids_of(inputs: Encoded) -> TextIds:
    """The ids of an input that was encoded by a model that reads texts."""
    assert isinstance(inputs.held, TextIds)
    return inputs.held


def absent_ids(inputs: Encoded) -> Ids | None:
    """The ids of the empty coalition; None for the embedding baselines 'zero' and 'mean', and without a baseline."""
    return None if inputs.baseline in ("zero", "mean", None) else ids_of(inputs).baseline_ids


def readings(inputs: Encoded) -> tuple[Encoded, ...]:
    """The input as the model reads it at once: itself, or its windows with the players of the whole."""
    return tuple(_reading(inputs, number) for number in range(len(inputs.windows))) or (inputs,)


def _reading(inputs: Encoded, number: int) -> Encoded:
    held, places = ids_of(inputs), inputs.windows[number].places
    window, special, absent = held.windows[number], places < 0, absent_ids(inputs)
    return replace(
        inputs,
        tokens=tuple(Token(text="", special=True) if p < 0 else inputs.tokens[p] for p in places),
        owner=np.where(special, -1, inputs.owner[places]),
        noise=None if inputs.noise is None else np.where(special[:, None], 0.0, inputs.noise[places]),
        windows=(),
        held=TextIds(
            ids=window.ids,
            segments=window.segments,
            positions=window.positions,
            baseline_ids=None if absent is None else np.where(special, window.ids, absent[places]),
        ),
    )
