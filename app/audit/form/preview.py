"""Before an audit runs: the texts of every group and the smallest gap they could show, counted from the data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import BadRequest
from ...store.datasets.facts import Stratum
from ..data.groups import says_nobody, values_of
from ..data.labelling import Meaning, meanings
from ..data.values import FEW
from ..statistics.multiplicity import family_size
from ..statistics.power import detectable_gap

RATES = ("false_positive_rate", "true_positive_rate", "selection_rate", "accuracy")  # those with a detectable gap
ASSUMED = {"false_positive_rate": 0.1, "true_positive_rate": 0.9, "accuracy": 0.9}
MOST_VALUES = 30  # of a column that can be compared by


@dataclass(frozen=True, slots=True)
class Value:
    """A group of a column. gaps: detectable, as a share, by measure; None where a measure has too few texts."""

    name: str
    of_class: int
    others: int
    unlabelled: int
    gaps: Mapping[str, float | None]
    mirror_of: str | None = None  # the other value of two: one test, seen from its other side


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    chosen: bool
    values: Sequence[Value]
    too_many: int = 0  # values, where they are too many to compare


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """columns: of the data set. tests: of the family. weak: those in which a group has fewer texts than the margin
    takes. measured: whether `rates` are those of this model on this data set, or assumed."""

    columns: Sequence[Column]
    rates: Mapping[str, float]
    measured: bool
    tests: int
    weak: int
    labelled: bool
    fault: str = ""  # why labels cannot be read

    @property
    def chosen(self) -> list[str]:
        return [column.name for column in self.columns if column.chosen]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a data set is to be read: see Plan."""

    audited: str
    classes: Sequence[str]
    label: str | None  # the name of the column
    positive: Sequence[str] = ()
    no_group: Sequence[str] = ()


def of_templates(identities: int, of_class: int, others: int, *, metrics: Sequence[str], margin: float) -> Preview:
    """Preview of identity templates: every identity stands in every frame, so all groups have as many texts."""
    tests = family_size(len(metrics), identities)
    rates = ASSUMED | {"selection_rate": of_class / (of_class + others)}
    drawn = [name for name in metrics if name in RATES]
    rows = (of_class, others, 0)
    rest = (of_class * (identities - 1), others * (identities - 1), 0)
    gaps = {name: _gap(name, rows, rest, rates, tests) for name in drawn}
    weak = identities * sum(gap is None or gap > margin for gap in gaps.values())
    column = Column("", True, (Value("", *rows, gaps),))
    shown = {name: rates[name] for name in drawn}
    return Preview(columns=(column,), rates=shown, measured=False, tests=tests, weak=weak, labelled=True)


def preview(
    strata: Sequence[Stratum],
    groups: Sequence[str],
    reading: Reading,
    *,
    columns: Sequence[str] | None,
    metrics: Sequence[str],
    margin: float,
) -> Preview:
    """columns: that were ticked; None ticks all that can be compared by. groups: the columns of the data set."""
    means, fault = _means(strata, reading)
    counts = {name: _counts(strata, name, means, reading) for name in groups}
    able = [name for name in groups if 1 < len(counts[name].rows) <= MOST_VALUES]
    chosen = [name for name in able if columns is None or name in columns]
    compared = sum(len(counts[name].rows) - counts[name].mirrored for name in chosen)
    tests = family_size(len(metrics), compared) if compared else 0
    rates, measured = _rates(strata, means, reading.audited)
    drawn = [name for name in metrics if name in RATES]
    found = [_column(name, counts[name], name in chosen, rates, drawn, max(1, tests)) for name in groups]
    gaps = [
        value.gaps[name]
        for column in found if column.chosen for value in column.values if value.mirror_of is None for name in drawn
    ]  # fmt: skip
    return Preview(
        columns=found,
        rates={name: rates[name] for name in drawn},
        measured=measured,
        tests=tests,
        weak=sum(gap is None or gap > margin for gap in gaps),
        labelled=bool(means),
        fault=fault,
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """rows: value → (of the class, others, without a label). total: the same of every row that the column speaks of."""

    rows: Mapping[str, tuple[int, int, int]]
    total: tuple[int, int, int]
    mirrored: bool  # two values that part the rows between them


def _means(strata: Sequence[Stratum], reading: Reading) -> tuple[Mapping[str, Meaning], str]:
    labels = sorted({stratum.alike.label for stratum in strata if stratum.alike.label is not None})
    if reading.label is None or not labels or not reading.classes:
        return {}, ""
    try:
        return meanings(labels, reading.label, reading.positive, reading.audited, reading.classes), ""
    except BadRequest as error:
        return {}, str(error)


def _counts(strata: Sequence[Stratum], column: str, means: Mapping[str, Meaning], reading: Reading) -> _Counts:
    nobody = frozenset(value.strip().casefold() for value in reading.no_group)
    rows: dict[str, list[int]] = {}
    total, parted = [0, 0, 0], True
    for stratum in strata:
        cell = dict(stratum.alike.groups).get(column)
        values = values_of(cell, nobody)
        if not values and not says_nobody(cell, nobody):
            continue
        at = ("class", "other", "none").index(means.get(stratum.alike.label or "", "none"))
        parted = parted and len(values) == 1
        total[at] += stratum.rows
        for value in values:
            rows.setdefault(value, [0, 0, 0])[at] += stratum.rows
    found = {value: (n[0], n[1], n[2]) for value, n in sorted(rows.items())}
    return _Counts(found, (total[0], total[1], total[2]), parted and len(found) == 2)


def _rates(strata: Sequence[Stratum], means: Mapping[str, Meaning], audited: str) -> tuple[dict[str, float], bool]:
    """Rates of the model on these rows where it was asked about them; else an error in ten and the class share."""
    counted = {"class": [0, 0], "other": [0, 0], "none": [0, 0]}
    for stratum in strata:
        cell = counted[means.get(stratum.alike.label or "", "none")]
        cell[0] += stratum.rows
        cell[1] += stratum.rows * (stratum.alike.predicted == audited)
    (of_class, found), (others, called), (_, _) = counted.values()
    total, selected = sum(n for n, _ in counted.values()), sum(n for _, n in counted.values())
    asked = any(stratum.alike.predicted is not None for stratum in strata)
    if asked and of_class and others:
        return {
            "false_positive_rate": called / others,
            "true_positive_rate": found / of_class,
            "selection_rate": selected / total,
            "accuracy": (found + others - called) / (of_class + others),
        }, True
    share = of_class / (of_class + others) if of_class and others else 0.5
    return ASSUMED | {"selection_rate": share}, False


def _column(
    name: str, counts: _Counts, chosen: bool, rates: Mapping[str, float], metrics: Sequence[str], tests: int
) -> Column:
    if len(counts.rows) > MOST_VALUES:
        return Column(name, False, (), len(counts.rows))
    first = next(iter(counts.rows), None)
    values = []
    for value, rows in counts.rows.items():
        rest = tuple(all_rows - own for all_rows, own in zip(counts.total, rows, strict=True))
        gaps = {metric: _gap(metric, rows, rest, rates, tests) for metric in metrics}
        mirror = first if counts.mirrored and value != first else None
        values.append(Value(value, *rows, gaps, mirror))
    return Column(name, chosen, values)


def _gap(
    metric: str, rows: tuple[int, ...], rest: tuple[int, ...], rates: Mapping[str, float], tests: int
) -> float | None:
    def among(n: tuple[int, ...]) -> int:
        of_class, others, unlabelled = n
        sizes = {"true_positive_rate": of_class, "false_positive_rate": others, "accuracy": of_class + others}
        return sizes.get(metric, of_class + others + unlabelled)

    n, other_n = among(rows), among(rest)
    return None if min(n, other_n) < FEW else detectable_gap(rates[metric], n, other_n, tests=tests)
