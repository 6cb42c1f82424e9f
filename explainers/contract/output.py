"""The contract of an output: the numbers that a model gives for a set of features, and what can be read from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .answer import Prediction, Target
from .question import ValueName
from .records import BoolArray, FloatArray


class Ends(Protocol):
    """The whole input and the baseline, as rows of columns (1, columns); a table of coalitions has both."""

    @property
    def whole(self) -> FloatArray:
        """The row of the whole input."""

    @property
    def empty(self) -> FloatArray:
        """The row of the baseline, with every player absent."""


class Output(Protocol):
    """A kind of output. Rows of `columns` are what the table of coalitions keeps: (rows, columns), float64.

    Of a classifier the columns are the logits of its classes; of tokens two a token, its logit and the logsumexp of all
    others. Every value function can be computed from them, so that one table serves every target and every value.
    Targets are numbered as in `labels`.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the targets: classes, or tokens."""
        ...

    @property
    def width(self) -> int:
        """Columns of a row."""
        ...

    @property
    def values(self) -> tuple[ValueName, ...]:
        """The value functions there are; the first is the default, and it is what claims are tried in."""
        ...

    @property
    def has_probabilities(self) -> bool:
        """False for a bare number, such as that of a regression: measures in probability do not exist for it."""
        ...

    def targets(self, columns: FloatArray) -> tuple[int, ...]:
        """The targets that an explanation covers, for one row (columns,). Raises BadInput for one there is not."""
        ...

    def value(self, columns: FloatArray, value: ValueName, targets: Sequence[int]) -> FloatArray:
        """(rows, columns) → (rows, targets), the explained number."""
        ...

    def probability(self, columns: FloatArray, target: int) -> FloatArray:
        """(rows, columns) → (rows,), of one target; its number where there are no probabilities."""
        ...

    def prediction(self, columns: FloatArray) -> Prediction:
        """The prediction that one row (columns,) holds."""
        ...

    def served(self, columns: FloatArray) -> Prediction:
        """The prediction for the whole input, with all that is shown beside it."""
        ...

    def target(self, number: int) -> Target:
        """A target by its number."""
        ...

    def predicted(self, columns: FloatArray) -> Target | None:
        """The predicted target of one row (columns,); None for numbers that do not compete."""
        ...

    def flips(self, columns: FloatArray, *, said: int, ends: Ends) -> BoolArray:
        """(rows,): whether the model says something else than `said`, as of the whole input."""
        ...

    def falls(self, *, said: int, ends: Ends) -> bool:
        """Whether the value of `said` has to fall, rather than rise, for another answer."""
        ...
