"""Values per group and the gaps between them (audit measures 2.1 and 2.2). NaN stands for a denominator of 0.

`per_group` gives the values of one measure; the gap functions take such vectors, leave out the groups that have no
value, and return None where fewer than two are left. `figures` turns a vector into numbers with n and a reason.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..data.values import FEW, THIN, Bools, Figure, Floats, Ints, Reason, Rows, divided
from .metrics import EMPTY, Metric, labelled, labels, negatives, stratum


def counts(rows: Rows, measure: Metric, inside: Bools) -> Ints:
    """(groups,): the rows of each group that the measure looks at, its denominator."""
    found: Ints = (inside & stratum(rows, measure.among)[:, None]).sum(axis=0)
    return found


def per_group(rows: Rows, measure: Metric, inside: Bools) -> Floats:
    """(groups,): the measure in each group (rows, groups); NaN where the denominator is 0."""
    looked = inside & stratum(rows, measure.among)[:, None]
    denominators = looked.sum(axis=0)
    sums = np.asarray(measure.value(rows) @ looked, dtype=np.float64)
    return divided(sums, denominators)


def overall(rows: Rows, measure: Metric) -> float:
    """The measure over all rows; NaN where the denominator is 0."""
    return float(per_group(rows, measure, np.ones((len(rows), 1), dtype=bool))[0])


def figures(rows: Rows, measure: Metric, inside: Bools, *, minimum: int = FEW) -> tuple[Figure, ...]:
    """The measure in each group as numbers with n; null with a reason where it is undefined or rows are too few."""
    found: list[Figure] = []
    for value, count in zip(per_group(rows, measure, inside), counts(rows, measure, inside), strict=True):
        n = int(count)
        if n == 0:
            found.append(Figure(None, 0, reason=EMPTY[measure.among]))
        elif n < minimum:
            found.append(Figure(None, n, reason=Reason.TOO_FEW))
        else:
            found.append(Figure(float(value), n, reason=Reason.THIN if n < THIN else None))
    return tuple(found)


def f1(rows: Rows, inside: Bools, *, of_class: bool = True) -> Floats:
    """(groups,): 2 TP / (2 TP + FP + FN) of the class, or of its absence; NaN where there is neither."""
    truth, said = (labels(rows), rows.selected) if of_class else (negatives(rows), ~rows.selected)
    inside = inside & labelled(rows)[:, None]
    both = ((truth & said)[:, None] & inside).sum(axis=0)
    either = ((truth[:, None] & inside).sum(axis=0)) + ((said[:, None] & inside).sum(axis=0))
    return divided(2.0 * both, either)


def macro_f1(rows: Rows, inside: Bools) -> Floats:
    """(groups,): mean of the F1 of the class and of its absence."""
    found: Floats = (f1(rows, inside) + f1(rows, inside, of_class=False)) / 2
    return found


def _defined(values: Sequence[float] | Floats) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    defined: Floats = array[~np.isnan(array)]
    return defined


def difference(values: Sequence[float] | Floats) -> float | None:
    """max − min over groups. Selection rates: demographic parity difference; true positive rates: equal opportunity
    difference; positive predictive values: predictive parity difference. Never negative, so noise alone raises it."""
    defined = _defined(values)
    return float(defined.max() - defined.min()) if len(defined) > 1 else None


def ratio(values: Sequence[float] | Floats) -> float | None:
    """min / max over groups (selection rates: demographic parity ratio); None where every rate is 0."""
    defined = _defined(values)
    return float(defined.min() / defined.max()) if len(defined) > 1 and defined.max() > 0 else None


def to_overall(values: Sequence[float] | Floats, whole: float) -> float | None:
    """max |value − value over all rows|."""
    defined = _defined(values)
    return float(np.abs(defined - whole).max()) if len(defined) and not np.isnan(whole) else None


def summed_to_overall(values: Sequence[float] | Floats, whole: float) -> float | None:
    """Σ |value over all rows − value|: FPED of false positive, FNED of false negative rates (Dixon et al. 2018)."""
    defined = _defined(values)
    return float(np.abs(defined - whole).sum()) if len(defined) and not np.isnan(whole) else None


def impact_ratios(values: Sequence[float] | Floats) -> Floats:
    """(groups,): rate / highest rate (6 RCNY 5-301); NaN for undefined groups and where every rate is 0."""
    array = np.asarray(values, dtype=np.float64)
    defined = _defined(array)
    top = defined.max() if len(defined) else 0.0
    return divided(array, np.full(len(array), top))


def equalised_odds_difference(
    true_positive: Floats, false_positive: Floats, *, aggregate: str = "worst_case"
) -> float | None:
    """The larger of the gaps in true and in false positive rates, or with aggregate="mean" their mean."""
    gaps = (difference(true_positive), difference(false_positive))
    if gaps[0] is None or gaps[1] is None:
        return None
    return max(gaps[0], gaps[1]) if aggregate == "worst_case" else (gaps[0] + gaps[1]) / 2


def average_odds_difference(
    true_positive: Floats, false_positive: Floats, *, reference: tuple[Floats, Floats]
) -> Floats:
    """(groups,): ½[(FPR − FPR of the reference) + (TPR − TPR of the reference)] (AIF360). reference: its true and its
    false positive rates, one for each group or one for all."""
    found: Floats = ((false_positive - reference[1]) + (true_positive - reference[0])) / 2
    return found
