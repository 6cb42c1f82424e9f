"""One input as a model reads it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .features import Feature, TextSpan, Token
from .question import BaselineKind, ClassOutput, Input, Outputs, Players, PromptInput, TextInput
from .records import BoolArray, FloatArray, Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of a long input that the model reads at once, and its positions.

    places: the number of each position of the window among the positions of the whole, −1 for special ones.
    """

    span: Feature
    places: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """One input as a model reads it: a row of positions, each owned by a player or by none.

    What a method may know of it is here; ids, pixels and whatever else the model needs lie in `held`, which the model
    that encoded it alone opens.

    input: what was given. outputs: what is explained, with what the question left open filled in.
    players: the level of the features, never 'auto'.
    features: the players, in reading order. unseen: parts that the model does not read, no part of the game.
    focus: the stretch whose parts are the players; what lies around it stays in every coalition.
    tokens: the positions as they are shown, one for each.
    owner: (positions,) the player that a position belongs to, −1 for special ones and for what lies around `focus`:
    they stay in every coalition.
    baseline: what stands for an absent player; None where the model has nothing. baseline_text: of baseline 'text'.
    noise: (positions, width), added to what gradients flow to, not to the baseline; None for none.
    sides: players of each of two parts that the model reads apart, those of the first before those of the second.
    windows: of an input longer than the model reads at once; its positions then hold no special ones, and it is read
    window by window, the logits averaged.
    """

    input: Input
    outputs: Outputs = field(default_factory=ClassOutput)
    players: Players
    baseline: BaselineKind | None
    baseline_text: str | None = None
    features: tuple[Feature, ...]
    unseen: tuple[TextSpan, ...] = ()
    focus: TextSpan | None = None
    tokens: tuple[Token, ...]
    owner: Ids
    noise: FloatArray | None = None
    sides: tuple[int, int] | None = None
    windows: tuple[Window, ...] = ()
    held: object = None

    @property
    def size(self) -> int:
        """Positions of a row: what one masked evaluation costs, and what batches are shaped by."""
        return len(self.owner)

    @property
    def text(self) -> str:
        """The text that was given; empty for an input of another kind."""
        return self.input.text if isinstance(self.input, TextInput | PromptInput) else ""

    @property
    def text_pair(self) -> str | None:
        """The second text that was given, None where there is none."""
        return self.input.text_pair if isinstance(self.input, TextInput) else None

    def kept_positions(self, keep: BoolArray) -> BoolArray:
        """(rows, players) → (rows, positions); positions that no player owns are always kept."""
        padded = np.concatenate([keep, np.ones((len(keep), 1), dtype=bool)], axis=1)
        kept: BoolArray = padded[:, self.owner]
        return kept

    def players_in(self, window: Window) -> Ids:
        """The numbers of the players that have a position in the window, in order."""
        owners = self.owner[window.places[window.places >= 0]]
        found: Ids = np.unique(owners[owners >= 0])
        return found

    def by_player(self, scores: FloatArray) -> FloatArray:
        """(…, positions) → (…, players): the sum over a player's positions; those of nobody are dropped."""
        sums = np.zeros((*scores.shape[:-1], len(self.features)))
        for position, player in enumerate(self.owner):
            if player >= 0:
                sums[..., player] += scores[..., position]
        return sums
