"""The rows of a data set as columns, with what a model says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...audit.data.values import Bools, Floats, Ints
from .words import words_of

Halves = NDArray[np.float32]
NONE = -1  # the number of a label or a prediction that a row does not have


@dataclass(frozen=True, slots=True)
class Named:
    """A column of names: row → its place in `names`, NONE where the row has no value."""

    names: tuple[str, ...]
    codes: Ints

    def equals(self, name: str) -> Bools:
        """False everywhere for a name that no row has."""
        found: Bools = self.codes == (self.names.index(name) if name in self.names else NONE - 1)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """n rows. label and predicted share their `names`: the classes of the model first, then labels that mean none.

    confidence (n,): probability of the predicted class, NaN without a prediction. probabilities (n, classes): of every
    class, where they are known. place (n, 2): on the map of states. clusters (n,): number of the group of states.
    """

    texts: Sequence[str]
    classes: tuple[str, ...]
    label: Named
    predicted: Named
    confidence: Floats
    groups: Mapping[str, Named] = field(default_factory=dict)
    tags: Mapping[str, Bools] = field(default_factory=dict)
    badge: Named | None = None
    probabilities: Halves | None = None
    place: Halves | None = None
    clusters: Ints | None = None
    lengths: Ints | None = None  # words of each text, where they are known without the texts
    sizes: Ints | None = None  # characters of each text, likewise
    first: int = 0  # number of the first row, where these are a stretch of a longer table

    def __len__(self) -> int:
        return len(self.label.codes)

    @cached_property
    def judged(self) -> Bools:
        """Rows with a prediction and a label that is a class of the model."""
        found: Bools = (self.label.codes >= 0) & (self.label.codes < len(self.classes)) & (self.predicted.codes >= 0)
        return found

    @cached_property
    def right(self) -> Bools:
        found: Bools = self.judged & (self.label.codes == self.predicted.codes)
        return found

    @cached_property
    def wrong(self) -> Bools:
        found: Bools = self.judged & ~self.right
        return found

    @cached_property
    def words(self) -> list[list[str]]:
        """The words of each text, case folded, in their order."""
        return [words_of(text) for text in self.texts]

    @cached_property
    def length(self) -> Ints:
        """Words of each text."""
        if self.lengths is not None:
            return self.lengths
        return np.array([len(words) for words in self.words], dtype=np.int64)

    @cached_property
    def size(self) -> Ints:
        """Characters of each text."""
        if self.sizes is not None:
            return self.sizes
        return np.fromiter(map(len, self.texts), dtype=np.int64, count=len(self))


def named(values: Sequence[str | None], names: Sequence[str] = ()) -> Named:
    """A column of the values; `names` come first, others follow in the order in which they occur."""
    places = {name: at for at, name in enumerate(names)}
    codes = [NONE if value is None else places.setdefault(value, len(places)) for value in values]
    return Named(tuple(places), np.array(codes, dtype=np.int64))
