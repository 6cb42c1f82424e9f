"""Tokens of a continuation: three numbers each, the token's logit, the logsumexp of all others, the largest of them.

With them every value function of a token can be computed, and whether another one would come; a table keeps three
numbers instead of a vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..contract import BoolArray, Ends, FloatArray, Prediction, Target, ValueName
from .numbers import gone_half_way
from .value import ALLOWED, probabilities_of_tokens, value_of


@dataclass(frozen=True)
class Tokens:
    """An Output whose columns are (logit, logsumexp and largest of the others) of one token after the other.

    labels: the tokens that are explained. first: the place of the first of them in the continuation. together: labels
    of targets behind the tokens, which have no place of their own: all of them as one, one continuation rather than
    another; each has three columns as a token has: the first less the second is its log-odds, less the third what it is
    ahead by, of several tokens the one that is the least. contrasts: the last of them is a contrast, which is explained
    by its log-odds.
    """

    labels: tuple[str, ...]
    first: int = 0
    together: tuple[str, ...] = ()
    contrasts: bool = False
    has_probabilities: bool = True

    @property
    def width(self) -> int:
        return 3 * len(self._all)

    @property
    def _all(self) -> tuple[str, ...]:
        return (*self.labels, *self.together)

    @property
    def _main(self) -> int:
        """The target that measures are taken of: the last of those behind the tokens, without one the first token."""
        return len(self._all) - 1 if self.together else 0

    @property
    def values(self) -> tuple[ValueName, ...]:
        if self.contrasts:  # the log-probability of one of the two says nothing of the other
            return ("log-odds", *(name for name in ALLOWED["tokens"] if name != "log-odds"))
        return ALLOWED["tokens"]

    def targets(self, columns: FloatArray) -> tuple[int, ...]:
        """Every token that was asked for, and what is asked of them together."""
        return tuple(range(len(self._all)))

    def value(self, columns: FloatArray, value: ValueName, targets: Sequence[int]) -> FloatArray:
        return value_of(columns, value, head="tokens", targets=targets)

    def probability(self, columns: FloatArray, target: int) -> FloatArray:
        chosen: FloatArray = probabilities_of_tokens(columns)[:, target]
        return chosen

    def prediction(self, columns: FloatArray) -> Prediction:
        """The targets as labels, each with its logit and its own probability."""
        return Prediction(
            labels=self._all,
            logits=tuple(float(logit) for logit in columns[::3]),
            probabilities=tuple(float(share) for share in probabilities_of_tokens(columns[None])[0]),
            predicted=self.target(self._main),
        )

    def served(self, columns: FloatArray) -> Prediction:
        return self.prediction(columns)

    def target(self, number: int) -> Target:
        at = self.first + number if number < len(self.labels) else None
        return Target(index=number, label=self._all[number], at=at)

    def predicted(self, columns: FloatArray) -> Target:
        """The target that is shown: which token would come instead, three numbers a target do not tell."""
        return self.target(self._main)

    def flips(self, columns: FloatArray, *, said: int, ends: Ends) -> BoolArray:
        """Another token is the most probable where this one was; of one that was not (a token that was drawn, or
        given), the log-odds have gone half of the way to those without any player."""
        if self._ahead(ends.whole, said)[0] > 0:
            other: BoolArray = self._ahead(columns, said) < 0
            return other
        odds, whole, empty = (self.value(rows, "log-odds", [said])[:, 0] for rows in (columns, ends.whole, ends.empty))
        return gone_half_way(odds, whole=float(whole[0]), empty=float(empty[0]))

    @staticmethod
    def _ahead(columns: FloatArray, target: int) -> FloatArray:
        """(rows,), by how much the logit of the target lies above that of any other."""
        found: FloatArray = columns[:, 3 * target] - columns[:, 3 * target + 2]
        return found

    def falls(self, *, said: int, ends: Ends) -> bool:
        if self._ahead(ends.whole, said)[0] > 0:
            return True
        whole, empty = (self.value(rows, "log-odds", [said])[0, 0] for rows in (ends.whole, ends.empty))
        return bool(whole >= empty)
