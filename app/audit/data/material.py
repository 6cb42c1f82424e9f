"""The material of an audit: texts with their labels, groups and clusters, whatever the plan took them from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .groups import Membership
from .swapped import Replacement
from .values import Bools, Floats

Span = tuple[int, int]


@dataclass(frozen=True)
class Pair:
    """A text and the same text with another identity in its place, by row number, and what was replaced."""

    row: int
    other: int
    before: str
    after: str
    replacements: tuple[Replacement, ...] = ()


@dataclass(frozen=True)
class Match:
    """A term that was found in a text, with what stands before and after it."""

    row: int
    group: str
    start: int
    before: str
    term: str
    after: str


@dataclass(frozen=True)
class Material:
    """Rows of texts. `audited` rows are measured; the others are counterfactual twins of theirs.

    mentions: of each text the places that name an identity. clusters: what belongs together, by name; None where rows
    are independent. source: where it comes from, for the data sheet. functions: of a functional test, what is tested.
    labelled: the rows whose label is known, by default all.
    """

    texts: tuple[str, ...]
    labels: Bools | None
    membership: Membership
    mentions: tuple[tuple[Span, ...], ...]
    source: Mapping[str, Any]
    clusters: tuple[str, ...] | None = None
    pairs: tuple[Pair, ...] = ()
    matches: tuple[Match, ...] = ()
    functions: tuple[str, ...] | None = None
    labelled: Bools | None = None
    audited: int | None = None  # the first so many rows; None: all
    left_out: Mapping[str, int] = field(default_factory=dict)  # why → how many

    @property
    def count(self) -> int:
        return len(self.texts) if self.audited is None else self.audited


@dataclass(frozen=True)
class Scored:
    """The material with what the model says of it: p(class | text), rounded to 1e-6 as it is stored."""

    material: Material
    scores: Floats
