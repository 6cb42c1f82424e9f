"""How right a model is within a slice, and how that differs from the rest of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...audit.data.values import Bools, Interval
from ...audit.statistics.exact import fisher
from ...audit.statistics.intervals import agresti_caffo, wilson
from ...audit.statistics.multiplicity import q_values
from ...audit.statistics.power import detectable_gap
from .frame import Frame


@dataclass(frozen=True, slots=True)
class Figures:
    """rows: all that the slice chooses; n of them have a label and a prediction, and `right` of these are right.

    interval: Wilson's, of the accuracy. gap: accuracy minus that of the other rows, with Agresti and Caffo's interval;
    p: Fisher's exact test of no gap; q: p among the slices it stands beside. detectable: the smallest gap that as many
    rows would show four times in five. What cannot be said is None.
    """

    rows: int
    n: int
    right: int
    interval: Interval | None
    rest: int
    rest_right: int
    gap_interval: Interval | None
    p: float | None
    detectable: float | None
    q: float | None = None

    @property
    def accuracy(self) -> float | None:
        return self.right / self.n if self.n else None

    @property
    def rest_accuracy(self) -> float | None:
        return self.rest_right / self.rest if self.rest else None

    @property
    def gap(self) -> float | None:
        return self.right / self.n - self.rest_right / self.rest if self.n and self.rest else None


@dataclass(frozen=True, slots=True)
class Count:
    """rows: all that are chosen; n of them have a label and a prediction, and `right` of these are right."""

    rows: int
    n: int
    right: int


class Counting:
    """The count of rows that are seen part by part."""

    columns = frozenset[str]()

    def __init__(self) -> None:
        self.found = Count(0, 0, 0)

    def add(self, frame: Frame, mask: Bools) -> None:
        known = self.found
        self.found = Count(
            known.rows + int(mask.sum()), known.n + int((mask & frame.judged).sum()),
            known.right + int((mask & frame.right).sum()),
        )  # fmt: skip


def figures_of(frame: Frame, mask: Bools, *, among: Bools | None = None) -> Figures:
    """mask (n,): the slice. among (n,): rows outside are looked away from, by default none."""
    judged = frame.judged if among is None else frame.judged & among
    inside = Count(int(mask.sum()), int((judged & mask).sum()), int((judged & mask & frame.right).sum()))
    return figures_between(inside, Count(len(frame), int(judged.sum()), int((judged & frame.right).sum())))


def figures_between(inside: Count, whole: Count) -> Figures:
    """The figures of a slice, by its count and that of all rows."""
    n, rest, right, rest_right = inside.n, whole.n - inside.n, inside.right, whole.right - inside.right
    compared = n > 0 and rest > 0
    return Figures(
        rows=inside.rows, n=n, right=right, interval=wilson(right, n), rest=rest, rest_right=rest_right,
        gap_interval=agresti_caffo(right, n, rest_right, rest) if compared else None,
        p=fisher(right, n, rest_right, rest) if compared else None,
        detectable=detectable_gap(whole.right / whole.n, n, rest) if compared else None,
    )  # fmt: skip


def corrected(found: Sequence[Figures]) -> list[Figures]:
    """With q-values by Benjamini and Hochberg over all of them."""
    return [replace(each, q=q) for each, q in zip(found, q_values([each.p for each in found]), strict=True)]
