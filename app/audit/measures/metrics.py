"""The measures that are a share or a mean within a group: what is counted, and among which rows.

A rate is the share of rows with an event among the rows of a stratum; every statistic for rates (interval, exact test,
permutation within the stratum, detectable gap) works on that pair and needs no knowledge of the measure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..data.values import Bools, Floats, Reason, Rows


class Among(StrEnum):
    """The rows a measure looks at."""

    ALL = "all"
    LABELLED = "labelled"  # the label is known
    POSITIVES = "positives"  # the label is the class
    NEGATIVES = "negatives"
    SELECTED = "selected"  # predicted to be of the class, and the label is known
    UNSELECTED = "unselected"


SETTLED = (Among.ALL, Among.LABELLED, Among.NEGATIVES, Among.POSITIVES)  # not by what a model predicts


class Kind(StrEnum):
    RATE = "rate"  # a share of rows
    MEAN = "mean"  # a mean of real numbers
    RANKING = "ranking"  # an area under a curve, see ranking.py


EMPTY = {
    Among.ALL: Reason.NO_ROWS,
    Among.LABELLED: Reason.NO_LABELS,
    Among.POSITIVES: Reason.NO_POSITIVES,
    Among.NEGATIVES: Reason.NO_NEGATIVES,
    Among.SELECTED: Reason.NO_SELECTED,
    Among.UNSELECTED: Reason.NO_UNSELECTED,
}


@dataclass(frozen=True)
class Metric:
    """One measure: the value of each row, and the rows that count. `better` is the good direction, if one is."""

    name: str
    kind: Kind
    among: Among
    better: str | None
    value: Callable[[Rows], Floats]
    needs_labels: bool = True


def labels(rows: Rows) -> Bools:
    """(n,): the rows of the class."""
    if rows.labels is None:
        raise ValueError("this measure needs labels, and the rows have none")
    return rows.labels


def labelled(rows: Rows) -> Bools:
    """(n,): the rows whose label is known."""
    labels(rows)
    assert rows.labelled is not None
    return rows.labelled


def negatives(rows: Rows) -> Bools:
    """(n,): the rows that are known not to be of the class."""
    found: Bools = labelled(rows) & ~labels(rows)
    return found


def stratum(rows: Rows, among: Among) -> Bools:
    """(n,): the rows that a measure looks at."""
    if among is Among.ALL:
        return np.ones(len(rows), dtype=bool)
    found: Bools = labelled(rows)
    if among in (Among.SELECTED, Among.UNSELECTED):
        found = found & (rows.selected if among is Among.SELECTED else ~rows.selected)
    elif among is not Among.LABELLED:
        found = labels(rows) if among is Among.POSITIVES else negatives(rows)
    return found


def _log_loss(rows: Rows) -> Floats:
    scores = np.clip(rows.scores, 1e-15, 1 - 1e-15)
    loss: Floats = -np.where(labels(rows), np.log(scores), np.log1p(-scores))
    return loss


def _above_median(rows: Rows) -> Bools:
    above: Bools = rows.scores > (np.median(rows.scores) if len(rows) else 0.0)
    return above


def _rate(
    name: str, among: Among, better: str | None, event: Callable[[Rows], Bools], needs_labels: bool = True
) -> Metric:
    return Metric(name, Kind.RATE, among, better, lambda rows: event(rows).astype(np.float64), needs_labels)


METRICS = {
    metric.name: metric
    for metric in (
        _rate("prevalence", Among.LABELLED, None, labels),
        _rate("selection_rate", Among.ALL, None, lambda rows: rows.selected, needs_labels=False),
        _rate("scoring_rate", Among.ALL, None, _above_median, needs_labels=False),
        _rate("accuracy", Among.LABELLED, "high", lambda rows: rows.selected == labels(rows)),
        _rate("true_positive_rate", Among.POSITIVES, "high", lambda rows: rows.selected),
        _rate("false_negative_rate", Among.POSITIVES, "low", lambda rows: ~rows.selected),
        _rate("false_positive_rate", Among.NEGATIVES, "low", lambda rows: rows.selected),
        _rate("true_negative_rate", Among.NEGATIVES, "high", lambda rows: ~rows.selected),
        _rate("positive_predictive_value", Among.SELECTED, "high", labels),
        _rate("false_discovery_rate", Among.SELECTED, "low", lambda rows: ~labels(rows)),
        _rate("negative_predictive_value", Among.UNSELECTED, "high", lambda rows: ~labels(rows)),
        _rate("false_omission_rate", Among.UNSELECTED, "low", labels),
        Metric("mean_score", Kind.MEAN, Among.ALL, None, lambda rows: rows.scores, needs_labels=False),
        Metric("brier", Kind.MEAN, Among.LABELLED, "low", lambda rows: (rows.scores - labels(rows)) ** 2),
        Metric("log_loss", Kind.MEAN, Among.LABELLED, "low", _log_loss),
    )
}
RANKINGS = {  # name: the good direction; 0 is good for the average equality gaps
    "auc": "high",
    "bpsn_auc": "high",
    "bnsp_auc": "high",
    "negative_aeg": None,
    "positive_aeg": None,
}


def better_of(name: str) -> str | None:
    """The good direction of a measure, `low` or `high`; None where it has none."""
    return METRICS[name].better if name in METRICS else RANKINGS[name]


def harms(name: str, gap: float) -> bool | None:
    """Whether a gap is to the disadvantage of its group; None for a measure without a good direction."""
    better = better_of(name)
    return None if better is None else (gap > 0) == (better == "low")


def metric(name: str) -> Metric:
    """The measure of that name; ValueError names the ones there are."""
    if name not in METRICS:
        raise ValueError(f"no measure is called {name!r}; there are {', '.join(METRICS)}")
    return METRICS[name]
