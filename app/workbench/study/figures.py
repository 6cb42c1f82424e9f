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


def figures_of(frame: Frame, mask: Bools, *, among: Bools | None = None) -> Figures:
    """mask (n,): the slice. among (n,): rows outside are looked away from, by default none."""
    judged = frame.judged if among is None else frame.judged & among
    inside, outside = judged & mask, judged & ~mask
    n, rest = int(inside.sum()), int(outside.sum())
    right, rest_right = int((inside & frame.right).sum()), int((outside & frame.right).sum())
    compared = n > 0 and rest > 0
    return Figures(
        rows=int(mask.sum()), n=n, right=right, interval=wilson(right, n), rest=rest, rest_right=rest_right,
        gap_interval=agresti_caffo(right, n, rest_right, rest) if compared else None,
        p=fisher(right, n, rest_right, rest) if compared else None,
        detectable=detectable_gap((right + rest_right) / (n + rest), n, rest) if compared else None,
    )  # fmt: skip


def corrected(found: Sequence[Figures]) -> list[Figures]:
    """With q-values by Benjamini and Hochberg over all of them."""
    return [replace(each, q=q) for each, q in zip(found, q_values([each.p for each in found]), strict=True)]
