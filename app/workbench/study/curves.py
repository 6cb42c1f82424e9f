"""Figures of a model's probabilities on a selection: calibration, thresholds with their costs, ROC, lengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...audit.data.values import Bools, Floats, Interval
from ...audit.statistics.intervals import wilson
from .frame import Frame

BINS = 10
STEPS = 101  # thresholds of a curve
LENGTHS = 6  # bins of lengths, of about as many rows each


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


def calibration_of(frame: Frame, mask: Bools) -> Calibration | None:
    """None where no row of the selection is judged."""
    rows = mask & frame.judged & ~np.isnan(frame.confidence)
    said, right = frame.confidence[rows].astype(np.float64), frame.right[rows]
    if not len(said):
        return None
    places = np.minimum((said * BINS).astype(np.int64), BINS - 1)
    bins = []
    for place in np.unique(places).tolist():
        here = places == place
        n, good = int(here.sum()), int(right[here].sum())
        bins.append(Bin(place / BINS, (place + 1) / BINS, n, good, float(said[here].mean()), wilson(good, n)))
    error = sum(each.n * abs(each.says - each.holds) for each in bins) / len(said)
    return Calibration(tuple(bins), float(error))


def thresholds_of(
    frame: Frame, mask: Bools, *, target: str, at: float, missed: float, needless: float
) -> Thresholds | None:
    """missed, needless: what either mistake costs. None where there are no probabilities or one side has no row."""
    found = _sides(frame, mask, target)
    if found is None:
        return None
    rows, shares, positive = found
    curve = tuple(_at(shares, positive, cut, missed, needless) for cut in np.linspace(0, 1, STEPS))
    chosen = _at(shares, positive, at, missed, needless)
    called = shares >= at
    groups = {}
    for column, values in frame.groups.items():
        codes = values.codes[rows]
        for code, value in enumerate(values.names[:20]):
            own = codes == code
            if own.any():
                sides = (own & positive & ~called, own & positive, own & ~positive & called, own & ~positive)
                lost, of, vain, others = (int(side.sum()) for side in sides)
                groups[column, value] = (lost, of, vain, others)
    least = min(curve, key=lambda each: (each.cost, abs(each.at - 0.5)))
    return Thresholds(target, curve, chosen, least, int(positive.sum()), int((~positive).sum()), groups)


def ranking_of(frame: Frame, mask: Bools, *, target: str) -> Ranking | None:
    """None where there are no probabilities or one side has no row."""
    found = _sides(frame, mask, target)
    if found is None:
        return None
    _, shares, positive = found
    order = np.argsort(-shares, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(shares[order]) != 0, True))  # rows of one probability go together
    hits = np.cumsum(positive[order])[ends]
    alarms = ends + 1 - hits
    recall, fall, precision = hits / positive.sum(), alarms / (~positive).sum(), hits / (ends + 1)
    x, y = np.append(0.0, fall), np.append(0.0, recall)
    area = float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
    average = float(np.sum(np.diff(np.append(0.0, recall)) * precision))
    return Ranking(_thinned(x, y), _thinned(recall, precision), area, average, float(positive.mean()))


def lengths_of(frame: Frame, mask: Bools) -> tuple[LengthBin, ...]:
    """Share of wrong predictions by length of the text in words."""
    rows = mask & frame.judged
    length, wrong = np.asarray(frame.length[rows]), frame.wrong[rows]
    if not len(length):
        return ()
    cuts = np.unique(np.quantile(length, np.linspace(0, 1, LENGTHS + 1)[1:], method="inverted_cdf"))
    found, low = [], int(length.min())
    for cut in cuts.tolist():
        here = (length >= low) & (length <= cut)
        n, bad = int(here.sum()), int(wrong[here].sum())
        found.append(LengthBin(low, int(cut), n, bad, wilson(bad, n)))
        low = int(cut) + 1
    return tuple(found)


def _sides(frame: Frame, mask: Bools, target: str) -> tuple[Bools, Floats, Bools] | None:
    """Rows, the probability of the class for each, and which are of it."""
    if frame.probabilities is None or target not in frame.classes:
        return None
    place = frame.classes.index(target)
    rows = mask & frame.judged & ~np.isnan(frame.probabilities[:, place])
    positive = np.asarray(frame.label.codes[rows] == place)
    if not positive.any() or positive.all():
        return None
    return rows, frame.probabilities[rows, place].astype(np.float64), positive


def _at(shares: Floats, positive: Bools, cut: float, missed: float, needless: float) -> Threshold:
    called = shares >= cut
    lost, vain = int((positive & ~called).sum()), int((~positive & called).sum())
    return Threshold(float(cut), 100 * (missed * lost + needless * vain) / len(shares), lost, vain)


def _thinned(x: Floats, y: Floats, most: int = 200) -> tuple[tuple[float, float], ...]:
    keep = np.unique(np.linspace(0, len(x) - 1, min(most, len(x))).astype(np.int64))
    return tuple((float(x[k]), float(y[k])) for k in keep)
