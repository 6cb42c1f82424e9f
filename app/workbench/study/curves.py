"""Figures of a model's probabilities on a selection: calibration, thresholds with their costs, ROC, lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...audit.data.values import Bools, Floats, Interval, Ints
from ...audit.statistics.intervals import wilson
from .frame import Frame, Named

BINS = 10
STEPS = 101  # thresholds of a curve
LENGTHS = 6  # bins of lengths, of about as many rows each
MOST_VALUES = 20  # of a group column, that thresholds are counted for


@dataclass(frozen=True, slots=True)
class Bin:
    """Rows whose confidence lies in [low, high): `right` of `n` are right. says: their mean confidence."""

    low: float
    high: float
    n: int
    right: int
    says: float
    interval: Interval | None

    @property
    def holds(self) -> float:
        return self.right / self.n


@dataclass(frozen=True, slots=True)
class Calibration:
    """error: the expected calibration error, the mean distance of confidence and accuracy over bins by their rows."""

    bins: tuple[Bin, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """A row is called the class from this probability on: `missed` rows of the class are not, `needless` others are."""

    at: float
    cost: float  # per 100 rows
    missed: int
    needless: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """curve: cost against threshold. chosen: at the threshold that was asked for. least: where the cost is lowest.
    groups: value of a group column → counts at the chosen threshold with the rows on either side."""

    target: str
    curve: tuple[Threshold, ...]
    chosen: Threshold
    least: Threshold
    positives: int
    negatives: int
    groups: Mapping[tuple[str, str], tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """ROC (false alarms, hits) and precision-recall (recall, precision), with the area under either; precision as the
    mean over the steps of recall (average precision)."""

    roc: tuple[tuple[float, float], ...]
    precision: tuple[tuple[float, float], ...]
    area: float
    average_precision: float
    share: float  # of rows that are of the class: what chance would give


@dataclass(frozen=True, slots=True)
class LengthBin:
    low: int
    high: int
    n: int
    wrong: int
    interval: Interval | None

    @property
    def name(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}–{self.high}"


class Calibrating:
    """Counts confidence against being right, part by part."""

    columns = frozenset[str]()

    def __init__(self) -> None:
        self._sums = np.zeros((3, BINS))  # rows, right ones, their confidence

    def add(self, frame: Frame, mask: Bools) -> None:
        rows = mask & frame.judged & ~np.isnan(frame.confidence)
        said, right = frame.confidence[rows].astype(np.float64), frame.right[rows]
        places = np.minimum((said * BINS).astype(np.int64), BINS - 1)
        for sums, weights in zip(self._sums, (None, right, said), strict=True):
            sums += np.bincount(places, weights=weights, minlength=BINS)

    def found(self) -> Calibration | None:
        """None where no row of the selection is judged."""
        rows, right, said = self._sums
        if not rows.any():
            return None
        bins = tuple(
            Bin(
                k / BINS, (k + 1) / BINS, int(rows[k]), int(right[k]), float(said[k] / rows[k]),
                wilson(int(right[k]), int(rows[k])),
            )
            for k in np.flatnonzero(rows).tolist()
        )  # fmt: skip
        return Calibration(bins, float(np.abs(said - right).sum() / rows.sum()))


class Parting:
    """Counts how the probability of a class parts its rows from the others, part by part.

    at: the threshold that was asked for. missed, needless: what either mistake costs.
    """

    columns = frozenset(("probabilities", "groups"))

    def __init__(self, classes: Sequence[str], target: str, *, at: float, missed: float, needless: float) -> None:
        self.target, self.at, self.costs = target, at, (missed, needless)
        self._place = classes.index(target)
        self._cuts = np.linspace(0, 1, STEPS)
        self._steps = np.zeros((2, STEPS), dtype=np.int64)  # others and rows of the class, between two thresholds
        self._chosen = np.zeros((2, 2), dtype=np.int64)  # the same, by whether they are called so
        self._groups: dict[tuple[str, str], Ints] = {}
        self._keys: list[NDArray[np.uint32]] = []

    def add(self, frame: Frame, mask: Bools) -> None:
        if frame.probabilities is None:
            return
        shares = frame.probabilities[:, self._place]
        rows = mask & frame.judged & ~np.isnan(shares)
        shares = np.abs(shares[rows].astype(np.float32))  # without a sign, also where it is −0
        exact = shares.astype(np.float64)
        positive = frame.label.codes[rows] == self._place
        self._steps += np.bincount(_steps_of(exact, self._cuts) + STEPS * positive, minlength=2 * STEPS).reshape(2, -1)
        sides = 2 * positive + (exact >= self.at)
        self._chosen += np.bincount(sides, minlength=4).reshape(2, 2)
        for column, values in frame.groups.items():
            self._add_group(column, values, values.codes[rows], sides)
        # Numbers of one order with the probabilities, as those are not negative; the last digit says the side.
        self._keys.append(shares.view(np.uint32) << np.uint32(1) | positive)

    def _add_group(self, column: str, values: Named, codes: Ints, sides: Ints) -> None:
        names = values.names[:MOST_VALUES]
        known = (codes >= 0) & (codes < len(names))
        counts = np.bincount(4 * codes[known].astype(np.int64) + sides[known], minlength=4 * len(names))
        for name, own in zip(names, counts.reshape(-1, 2, 2), strict=True):
            self._groups[column, name] = self._groups.get((column, name), 0) + own

    @property
    def _told(self) -> bool:
        """Whether there are rows on either side."""
        return bool(self._steps.any(axis=1).all())

    def thresholds(self) -> Thresholds | None:
        """None where there are no probabilities or one side has no row."""
        if not self._told:
            return None
        negatives, positives = self._steps.sum(axis=1).tolist()
        below = np.cumsum(self._steps, axis=1) - self._steps  # rows under each threshold
        curve = tuple(
            self._threshold(float(cut), int(under[1]), negatives - int(under[0]))
            for cut, under in zip(self._cuts, below.T, strict=True)
        )
        groups = {
            name: (int(own[1, 0]), int(own[1].sum()), int(own[0, 1]), int(own[0].sum()))
            for name, own in self._groups.items()
            if own.any()
        }
        chosen = self._threshold(self.at, int(self._chosen[1, 0]), int(self._chosen[0, 1]))
        least = min(curve, key=lambda each: (each.cost, abs(each.at - 0.5)))
        return Thresholds(self.target, curve, chosen, least, positives, negatives, groups)

    def _threshold(self, at: float, lost: int, vain: int) -> Threshold:
        missed, needless = self.costs
        return Threshold(at, 100 * (missed * lost + needless * vain) / int(self._steps.sum()), lost, vain)

    def ranking(self) -> Ranking | None:
        """None where there are no probabilities or one side has no row."""
        if not self._told:
            return None
        keys = np.concatenate(self._keys)
        keys.sort()
        keys = keys[::-1]
        ends = np.flatnonzero(np.append((keys[1:] ^ keys[:-1]) > 1, True))  # rows of one probability go together
        hits = np.cumsum(keys & np.uint32(1), dtype=np.int64)[ends]
        total, rows = int(hits[-1]), len(keys)
        alarms = ends + 1 - hits
        steps, rises = np.diff(alarms, prepend=0), np.diff(hits, prepend=0)
        area = float(np.dot(steps, hits - rises / 2)) / total / (rows - total)
        average = float(np.dot(rises, hits / (ends + 1))) / total
        shown = _thin(len(ends) + 1)
        fall, recall = (np.append(0, side)[shown] / most for side, most in ((alarms, rows - total), (hits, total)))
        places = _thin(len(ends))
        exact = _pairs(hits[places] / total, hits[places] / (ends[places] + 1))
        return Ranking(_pairs(fall, recall), exact, area, average, total / rows)


class Measuring:
    """Counts wrong predictions by length of the text in words, part by part."""

    columns = frozenset(("lengths",))

    def __init__(self) -> None:
        self._counts = np.zeros((2, 0), dtype=np.int64)  # right and wrong rows of each length

    def add(self, frame: Frame, mask: Bools) -> None:
        rows = mask & frame.judged
        length, wrong = frame.length[rows].astype(np.int64), frame.wrong[rows]
        width = max(self._counts.shape[1], int(length.max(initial=-1)) + 1)
        counts = np.bincount(length + width * wrong, minlength=2 * width).reshape(2, width)
        counts[:, : self._counts.shape[1]] += self._counts
        self._counts = counts

    def found(self) -> tuple[LengthBin, ...]:
        """Bins of about as many rows each; empty where no row is judged."""
        rows = self._counts.sum(axis=0)
        if not rows.any():
            return ()
        reached = np.cumsum(rows)
        wanted = np.ceil(np.linspace(0, 1, LENGTHS + 1)[1:] * reached[-1] - 1e-9)
        cuts = np.unique(np.searchsorted(reached, wanted))
        found, low = [], int(np.flatnonzero(rows)[0])
        for cut in cuts.tolist():
            good, bad = self._counts[:, low : cut + 1].sum(axis=1).tolist()
            found.append(LengthBin(low, cut, good + bad, bad, wilson(bad, good + bad)))
            low = cut + 1
        return tuple(found)


def _steps_of(shares: Floats, cuts: Floats) -> Ints:
    """Place of the last threshold that each probability reaches: exactly, whatever the product is rounded to."""
    found = np.minimum((shares * (STEPS - 1)).astype(np.int64), STEPS - 1)
    found -= cuts[found] > shares
    found += cuts[np.minimum(found + 1, STEPS - 1)] <= shares
    return np.minimum(found, STEPS - 1)


def _thin(count: int, most: int = 200) -> Ints:
    return np.unique(np.linspace(0, count - 1, min(most, count)).astype(np.int64))


def _pairs(x: Floats, y: Floats) -> tuple[tuple[float, float], ...]:
    return tuple(zip(x.tolist(), y.tolist(), strict=True))
