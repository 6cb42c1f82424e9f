"""Variants of rows: by a recipe, a seed and the row alone, whatever else is varied beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..schemas import LONGEST_TEXT
from .edits import Changed, edits_of
from .schemas import Recipe


class Varied(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def text_pair(self) -> str | None: ...
    @property
    def label(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Variant:
    """A changed text. parent: number of the row that it was made of. recipe: number of the recipe. label: that of the
    row, where the recipe says that it must not change."""

    parent: int
    recipe: int
    text: str
    text_pair: str | None
    label: str | None
    what: str  # was done, such as `good → bad`


Fewest = Callable[[Sequence[int]], Sequence[Changed | None]]  # of rows: without the fewest words that decide


def variants_of(
    rows: Sequence[tuple[int, Varied]], recipes: Sequence[Recipe], *, seed: int, fewest: Fewest
) -> Iterator[Variant]:
    """Recipe by recipe, in the order of the rows. Of a pair the first text is changed. A text that stays as it is, gets
    empty or too long is no variant."""
    for number, recipe in enumerate(recipes):
        if recipe.how == "flip":
            found = fewest([row for row, _ in rows])
            for (row, given), changed in zip(rows, found, strict=True):
                if changed is not None and changed[0].strip():
                    yield _variant(row, number, recipe, given, changed)
            continue
        edit = edits_of(recipe)
        for row, given in rows:
            rng = np.random.default_rng((seed, number, row))
            taken: dict[str, str] = {}
            for text, what in edit(given.text, rng):
                if text != given.text and text.strip() and len(text) <= LONGEST_TEXT:
                    taken.setdefault(text, what)
                if len(taken) == recipe.times:
                    break
            for changed in taken.items():
                yield _variant(row, number, recipe, given, changed)


def _variant(row: int, number: int, recipe: Recipe, given: Varied, changed: Changed) -> Variant:
    label = given.label if recipe.expected == "stay" else None
    return Variant(row, number, changed[0], given.text_pair, label, changed[1])
