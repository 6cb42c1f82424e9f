"""Tokens of a continuation: two numbers each, the token's logit and the logsumexp of all others.

With them every value function of a token can be computed, and a table keeps two numbers instead of a vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contract import BoolArray, Ends, FloatArray, Prediction, Target, ValueName
from .numbers import gone_half_way
from .value import ALLOWED, probabilities_of_tokens, value_of


@dataclass(frozen=True)
class Tokens:
    """An Output whose columns are (logit, logsumexp of the others) of one token after the other.

    labels: the tokens that are explained. first: the place of the first of them in the continuation.
    """

    labels: tuple[str, ...]
    first: int = 0
    has_probabilities: bool = True

    @property
    def width(self) -> int:
        return 2 * len(self.labels)

    @property
    def values(self) -> tuple[ValueName, ...]:
        return ALLOWED["tokens"]

    def targets(self, columns: FloatArray) -> tuple[int, ...]:
        """Every token that was asked for."""
        return tuple(range(len(self.labels)))

    def value(self, columns: FloatArray, value: ValueName, targets: Sequence[int]) -> FloatArray:
        return value_of(columns, value, head="tokens", targets=targets)

    def probability(self, columns: FloatArray, target: int) -> FloatArray:
        chosen: FloatArray = probabilities_of_tokens(columns)[:, target]
        return chosen

    def prediction(self, columns: FloatArray) -> Prediction:
        """The tokens as labels, each with its logit and its own probability; the first of them is the one shown."""
        return Prediction(
            labels=self.labels,
            logits=tuple(float(logit) for logit in columns[::2]),
            probabilities=tuple(float(share) for share in probabilities_of_tokens(columns[None])[0]),
            predicted=self.target(0),
        )

    def served(self, columns: FloatArray) -> Prediction:
        return self.prediction(columns)

    def target(self, number: int) -> Target:
        return Target(index=number, label=self.labels[number], at=self.first + number)

    def predicted(self, columns: FloatArray) -> Target:
        """The token that is shown: which other one would come instead, two numbers a token do not tell."""
        return self.target(0)

    def flips(self, columns: FloatArray, *, said: int, ends: Ends) -> BoolArray:
        """The log-odds of the token have gone half of the way to those without any player."""
        odds, whole, empty = (self.value(rows, "log-odds", [said])[:, 0] for rows in (columns, ends.whole, ends.empty))
        return gone_half_way(odds, whole=float(whole[0]), empty=float(empty[0]))

    def falls(self, *, said: int, ends: Ends) -> bool:
        whole, empty = (self.value(rows, "log-odds", [said])[0, 0] for rows in (ends.whole, ends.empty))
        return bool(whole >= empty)
