"""One input as a model reads it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .features import Feature, Token
from .question import BaselineKind, Players
from .records import BoolArray, FloatArray, Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the model reads at once of a text that is longer: the text span, and one entry a token as in Encoded.

    places: the number of each token among the tokens of the whole text, −1 for special tokens.
    """

    span: Feature
    places: Ids
    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One input as the model reads it. Arrays have one entry a token, in the model's order.

    ids, mask, segments, positions: exactly what is predicted on; None where the architecture has no such input.
    owner: the player a token belongs to, −1 for special tokens and for text around `focus`: they stay in every
    coalition.
    baseline_ids: the ids of the empty coalition; None for the embedding baselines 'zero' and 'mean'.
    noise: (tokens, width), added to the word embeddings of the input, not of the baseline; None for none.
    words, reads, word: of a token classifier: its words, the token at which it reads the class of each, and the number
    of the word that is explained.
    windows: of a text longer than the model reads; its tokens then hold no special ones, and it is read window by
    window, the logits averaged.
    """

    text: str
    text_pair: str | None = None
    players: Players
    baseline: BaselineKind | None
    baseline_text: str | None = None
    features: tuple[Feature, ...]
    unseen: tuple[Feature, ...] = ()
    focus: Feature | None = None
    tokens: tuple[Token, ...]
    ids: Ids
    segments: Ids | None = None
    positions: Ids | None = None
    owner: Ids
    baseline_ids: Ids | None = None
    noise: FloatArray | None = None
    words: tuple[Feature, ...] = ()
    reads: tuple[int, ...] = ()
    word: int | None = None
    windows: tuple[Window, ...] = ()

    def token_keep(self, keep: BoolArray) -> BoolArray:
        """(rows, players) → (rows, tokens); special tokens are always kept."""
        padded = np.concatenate([keep, np.ones((len(keep), 1), dtype=bool)], axis=1)
        kept: BoolArray = padded[:, self.owner]
        return kept

    def readings(self) -> tuple[Encoded, ...]:
        """The input as the model reads it at once: itself, or its windows with the players of the whole."""
        return tuple(self._reading(window) for window in self.windows) or (self,)

    def _reading(self, window: Window) -> Encoded:
        places, noise = window.places, self.noise
        special = places < 0
        ids = None if self.baseline_ids is None else np.where(special, window.ids, self.baseline_ids[places])
        return replace(
            self,
            tokens=tuple(Token(text="", special=True) if p < 0 else self.tokens[p] for p in places),
            ids=window.ids,
            segments=window.segments,
            positions=window.positions,
            owner=np.where(special, -1, self.owner[places]),
            baseline_ids=ids,
            noise=None if noise is None else np.where(special[:, None], 0.0, noise[places]),
            windows=(),
        )

    def by_player(self, token_scores: FloatArray) -> FloatArray:
        """(…, tokens) → (…, players): the sum over a player's tokens; special tokens are dropped."""
        sums = np.zeros((*token_scores.shape[:-1], len(self.features)))
        for token, player in enumerate(self.owner):
            if player >= 0:
                sums[..., player] += token_scores[..., token]
        return sums
