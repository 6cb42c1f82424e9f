"""The values that every audit module speaks: arrays, figures, intervals, and why a figure is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LEVEL = 0.95
FEW = 10  # below this a figure is suppressed; its n is still shown
THIN = 30  # below this a figure carries a warning and an area under the curve has no interval
CLUSTERS = 20  # below this clustered rows give no interval


class Reason(StrEnum):
    """Why a figure is null, or why it should be read with care."""

    NO_ROWS = "no_rows"  # the group is empty
    NO_POSITIVES = "no_positives"  # no row of the group has the label
    NO_NEGATIVES = "no_negatives"  # every row of the group has the label
    NO_SELECTED = "no_selected"  # no row of the group is predicted to be of the class
    NO_UNSELECTED = "no_unselected"  # every row of the group is predicted to be of the class
    NO_GROUPS = "no_groups"  # fewer than two groups have the figure, so there is no gap
    ZERO_RATE = "zero_rate"  # the rate to divide by is 0
    NO_LABELS = "no_labels"  # the rows carry no label
    TOO_FEW = "too_few"  # fewer rows than the minimum: suppressed, n is still given
    THIN = "thin"  # enough rows for a value, too few to lean on it
    TOO_FEW_CLUSTERS = "too_few_clusters"  # clustered rows of fewer than 20 clusters have no interval
    NO_SHARED_TEMPLATE = "no_shared_template"  # no cluster holds the group and what it is compared with
    NO_VARIATION = "no_variation"  # nothing varies, so the spread cannot be estimated
    NEAR_ONE = "near_one"  # an area above .95: the interval is approximate


def divided(numerators: ArrayLike, denominators: ArrayLike) -> Floats:
    """Entry by entry; NaN where the denominator is 0."""
    above, below = np.asarray(numerators, dtype=np.float64), np.asarray(denominators, dtype=np.float64)
    shape = np.broadcast_shapes(above.shape, below.shape)
    found: Floats = np.divide(above, below, out=np.full(shape, np.nan), where=below != 0)
    return found


@dataclass(frozen=True)
class Interval:
    low: float
    high: float
    method: str
    level: float = LEVEL
    note: Reason | None = None

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def within(self, margin: float) -> bool:
        """Whether all of it lies between −margin and +margin."""
        return -margin < self.low and self.high < margin


@dataclass(frozen=True)
class Figure:
    """A number with the rows behind it; a value of None has a reason, never a stand-in such as 0."""

    value: float | None
    n: int
    interval: Interval | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class Rows:
    """The rows of an audit for one class: scores p(class | text), labels, the threshold, and what belongs together.

    scores (n,) in [0, 1]; labels (n,) true where the row is of the class, None where nobody labelled the rows;
    clusters (n,) the template, document or author of a row, None where rows are independent. labelled (n,): the rows
    whose label is known, by default all; the others are in no measure that needs labels. Rows that are not of the class
    are `negatives`, not `~labels`.
    """

    scores: Floats
    labels: Bools | None
    threshold: float = 0.5
    clusters: Ints | None = None
    labelled: Bools | None = None
    selected: Bools = field(init=False)  # predicted to be of the class: score >= threshold

    def __post_init__(self) -> None:
        scores = np.asarray(self.scores, dtype=np.float64)
        if scores.ndim != 1 or not np.isfinite(scores).all():
            raise ValueError("scores must be one finite number a row")
        for name in ("labels", "clusters", "labelled"):
            given = getattr(self, name)
            if given is not None and np.shape(given) != scores.shape:
                raise ValueError(f"{name} has {np.shape(given)} entries, scores has {scores.shape}")
        object.__setattr__(self, "scores", scores)
        if self.labels is not None:
            known = np.ones(len(scores), dtype=bool) if self.labelled is None else np.asarray(self.labelled, dtype=bool)
            object.__setattr__(self, "labelled", known)
            object.__setattr__(self, "labels", np.asarray(self.labels, dtype=bool) & known)
        if self.clusters is not None:
            object.__setattr__(self, "clusters", np.unique(self.clusters, return_inverse=True)[1].astype(np.int64))
        object.__setattr__(self, "selected", scores >= self.threshold)

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, chosen: Bools) -> Rows:
        """Some of the rows."""
        return Rows(
            self.scores[chosen],
            None if self.labels is None else self.labels[chosen],
            self.threshold,
            None if self.clusters is None else self.clusters[chosen],
            None if self.labelled is None else self.labelled[chosen],
        )
