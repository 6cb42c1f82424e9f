"""The classes of a classifier: one logit each, soft-max over them or a sigmoid for each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ..contract import BoolArray, Ends, FloatArray, Head, Prediction, Target, ValueName
from ..errors import BadInput
from .value import ALLOWED, covered, predicted_of, prediction_of, probabilities, ranked, value_of


@dataclass(frozen=True)
class Labelled(ABC):
    """Common base of outputs of one column a label. also: a label to cover beside the `most` largest."""

    labels: tuple[str, ...]
    also: int | None = None
    most: int = covered("text")

    @property
    @abstractmethod
    def head(self) -> Head:
        """How the columns are read."""

    @property
    def width(self) -> int:
        return len(self.labels)

    @property
    def values(self) -> tuple[ValueName, ...]:
        return ALLOWED[self.head]

    def targets(self, columns: FloatArray) -> tuple[int, ...]:
        """All labels up to `most`, else those that rank first and the asked one, in the model's order."""
        if self.also is not None and self.also >= len(self.labels):
            count = len(self.labels)
            raise BadInput(f"class {self.also} does not exist; the model has {count} classes, 0 to {count - 1}")
        chosen = set(ranked(columns, self.head)[: self.most])
        if self.also is not None:
            chosen.add(self.also)
        return tuple(sorted(chosen))

    def value(self, columns: FloatArray, value: ValueName, targets: Sequence[int]) -> FloatArray:
        return value_of(columns, value, head=self.head, targets=targets)

    def prediction(self, columns: FloatArray) -> Prediction:
        return prediction_of(columns, self.labels, self.head)

    def served(self, columns: FloatArray) -> Prediction:
        return self.prediction(columns)

    def target(self, number: int) -> Target:
        return Target(index=number, label=self.labels[number])

    def predicted(self, columns: FloatArray) -> Target | None:
        return predicted_of(columns, self.labels, self.head)


@dataclass(frozen=True)
class Classes(Labelled):
    """An Output whose columns are the logits of the classes. several: each class is on or off by itself."""

    several: bool = False
    has_probabilities: bool = True

    @property
    def head(self) -> Head:
        return "multi" if self.several else "single"

    def probability(self, columns: FloatArray, target: int) -> FloatArray:
        chosen: FloatArray = probabilities(columns, self.head)[:, target]
        return chosen

    def flips(self, columns: FloatArray, *, said: int, ends: Ends) -> BoolArray:
        """Another class is the most probable; of a class that is on or off, it is now the other way round."""
        if self.several:
            turned: BoolArray = (columns[:, said] > 0) != (ends.whole[0, said] > 0)
            return turned
        other: BoolArray = columns.argmax(axis=1) != said
        return other

    def falls(self, *, said: int, ends: Ends) -> bool:
        return not self.several or bool(ends.whole[0, said] > 0)
