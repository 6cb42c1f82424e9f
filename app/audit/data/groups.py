"""Who a row is about: overlapping groups, from columns or from mentions, and their intersections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np

from .values import FEW, Bools, Ints

Comparison = Literal["complement", "no_group"]
BLANK = frozenset({"", "nan", "none", "null", "n/a", "na", "unknown", "未知"})


@dataclass(frozen=True)
class Membership:
    """Groups over rows; a row may be in several, and in none.

    inside (rows, groups) and background (rows, groups), the rows a group is compared with; the two never meet. A row in
    neither is unknown for that group: its column was left blank.
    """

    names: tuple[str, ...]
    axes: tuple[str, ...]
    inside: Bools
    background: Bools

    def __post_init__(self) -> None:
        assert self.inside.shape == self.background.shape == (self.inside.shape[0], len(self.names))
        assert not (self.inside & self.background).any()

    def __len__(self) -> int:
        return len(self.names)

    @property
    def unknown(self) -> tuple[int, ...]:
        """For each group the rows of which nobody knows whether they belong."""
        return tuple(int(count) for count in (~self.inside & ~self.background).sum(axis=0))

    @property
    def ungrouped(self) -> Bools:
        """(rows,): in no group at all."""
        outside: Bools = np.logical_not(self.inside.any(axis=1))
        return outside

    def keep(self, groups: Sequence[int]) -> Membership:
        chosen = list(groups)
        return Membership(
            tuple(self.names[g] for g in chosen),
            tuple(self.axes[g] for g in chosen),
            self.inside[:, chosen],
            self.background[:, chosen],
        )

    def rows(self, chosen: Bools | Ints) -> Membership:
        """The groups over some of the rows."""
        return Membership(self.names, self.axes, self.inside[chosen], self.background[chosen])

    def beside(self, other: Membership) -> Membership:
        """These groups and those of another membership of the same rows."""
        return Membership(
            (*self.names, *other.names),
            (*self.axes, *other.axes),
            np.concatenate([self.inside, other.inside], axis=1),
            np.concatenate([self.background, other.background], axis=1),
        )

    def against(self, comparison: Comparison) -> Membership:
        """The groups compared with every row outside the group, or only with rows that are in no group."""
        if comparison == "complement":
            return self
        background: Bools = np.logical_and(self.background, self.ungrouped[:, None])
        return Membership(self.names, self.axes, self.inside, background)


@dataclass(frozen=True)
class Intersection:
    """Rows in both groups. Below the minimum its figures are suppressed; n never is."""

    name: str
    parts: tuple[str, str]
    n: int
    suppressed: bool


def from_mentions(names: Sequence[str], axes: Sequence[str], inside: Bools) -> Membership:
    """Groups by what a text mentions: whoever is not mentioned is background, so nothing is unknown."""
    inside = np.asarray(inside, dtype=bool)
    return Membership(tuple(names), tuple(axes), inside, ~inside)


def from_columns(columns: Mapping[str, Sequence[object]], no_group: Collection[str] = ()) -> Membership:
    """One group for each value of each column, named `column: value`; blank cells are unknown for that column.

    A cell may list several values parted by `;` or `|`. no_group: values, whatever their case, that say that a row is
    in no group of the column, so that it is known and can be compared with; "" stands for an empty cell.
    """
    nobody = _folded(no_group)
    names: list[str] = []
    axes: list[str] = []
    inside: list[Bools] = []
    known: list[Bools] = []
    for column, cells in columns.items():
        values = [values_of(cell, nobody) for cell in cells]
        answered = np.array([_answers(cell, nobody) for cell in cells], dtype=bool)
        for value in sorted({value for found in values for value in found}):
            names.append(f"{column}: {value}")
            axes.append(column)
            inside.append(np.array([value in found for found in values], dtype=bool))
            known.append(answered)
    if not names:
        rows = max((len(cells) for cells in columns.values()), default=0)
        return Membership((), (), np.zeros((rows, 0), dtype=bool), np.zeros((rows, 0), dtype=bool))
    members = np.stack(inside, axis=1)
    return Membership(tuple(names), tuple(axes), members, np.stack(known, axis=1) & ~members)


def unknown_cells(
    columns: Mapping[str, Sequence[object]], no_group: Collection[str] = ()
) -> tuple[dict[str, Any], ...]:
    """Rows in no comparison, column by column: those whose cell is blank, by what stands in it, and those declared
    to be in no group."""
    nobody = _folded(no_group)
    found = []
    for column, cells in columns.items():
        blank = Counter(_written(cell) for cell in cells if not _answers(cell, nobody))
        known = sum(not values_of(cell, nobody) and says_nobody(cell, nobody) for cell in cells)
        written = [{"cell": cell, "n": n} for cell, n in sorted(blank.items(), key=lambda each: (-each[1], each[0]))]
        found.append({"column": column, "n": blank.total(), "cells": written, "no_group": known})
    return tuple(found)


def _answers(cell: object, nobody: Collection[str]) -> bool:
    return bool(values_of(cell, nobody)) or says_nobody(cell, nobody)


def says_nobody(cell: object, nobody: Collection[str]) -> bool:
    """Whether a cell has a value that was declared to name no group. nobody: the values, in small letters."""
    return any(part.casefold() in nobody for part in _parts(cell))


def values_of(cell: object, nobody: Collection[str]) -> frozenset[str]:
    """The groups that a cell names; none where it is blank. nobody: see `says_nobody`."""
    return frozenset(part for part in _parts(cell) if part.casefold() not in BLANK and part.casefold() not in nobody)


def _parts(cell: object) -> list[str]:
    return [part.strip() for part in _written(cell).replace("|", ";").split(";")]


def _written(cell: object) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()  # NaN is unlike itself


def _folded(values: Collection[str]) -> frozenset[str]:
    return frozenset(value.strip().casefold() for value in values)


def intersections(membership: Membership, *, minimum: int = FEW) -> tuple[tuple[Intersection, ...], Membership]:
    """Every pair of groups that share a row, largest first, and the membership of those that are not suppressed.

    Two values of one column that no row joins are no intersection. Background of a pair: known for both, not in both.
    """
    found: list[tuple[Intersection, int, int]] = []
    for a, b in combinations(range(len(membership)), 2):
        n = int((membership.inside[:, a] & membership.inside[:, b]).sum())
        if n:
            parts = (membership.names[a], membership.names[b])
            found.append((Intersection(" × ".join(parts), parts, n, n < minimum), a, b))
    found.sort(key=lambda entry: (-entry[0].n, entry[0].name))
    shown = [(entry, a, b) for entry, a, b in found if not entry.suppressed]
    rows = membership.inside.shape[0]
    inside = np.zeros((rows, len(shown)), dtype=bool)
    background = np.zeros((rows, len(shown)), dtype=bool)
    known = membership.inside | membership.background
    for k, (_, a, b) in enumerate(shown):
        inside[:, k] = membership.inside[:, a] & membership.inside[:, b]
        background[:, k] = known[:, a] & known[:, b] & ~inside[:, k]
    axes = tuple(f"{membership.axes[a]} × {membership.axes[b]}" for _, a, b in shown)
    names = tuple(entry.name for entry, _, _ in shown)
    return tuple(entry for entry, _, _ in found), Membership(names, axes, inside, background)


def small_groups(membership: Membership, *, share: float = 0.02) -> tuple[str, ...]:
    """Groups below a share of all rows (the 2 % rule of Local Law 144: may be left out, must be listed)."""
    rows = membership.inside.shape[0]
    counts = membership.inside.sum(axis=0)
    return tuple(name for name, count in zip(membership.names, counts, strict=True) if rows and count < share * rows)
