"""Reads each label of a column as the audited class, another one, or nothing that can be told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ...errors import BadRequest
from .values import Bools

Meaning = Literal["class", "other", "none"]
NONE: Meaning = "none"
YES, NO = frozenset({"true", "yes"}), frozenset({"false", "no"})
LISTED, LONGEST = 20, 80  # labels that a report lists, and characters of each
BLANK = frozenset({"", "nan", "null", "n/a", "na", "#n/a", "<na>"})  # as exports write what is missing
NUMBER = re.compile(r"([+-]?\d+)(\.0+)?")


@dataclass(frozen=True)
class Labelling:
    """labels: true where the row is of the class. known: the rows whose label says one or the other. listed: each label
    of the column, how often it occurs and how it was read, the most frequent first."""

    labels: Bools
    known: Bools
    listed: tuple[dict[str, Any], ...]


def labelling(
    cells: Sequence[object], column: str, *, positive: Sequence[str], audited: str, classes: Sequence[str]
) -> Labelling:
    """positive: labels that were declared to mean the class; every other label then means another one. Else the names
    of the model's `classes` are looked for, and 0 and 1, true and false, yes and no only where they can mean one thing.

    Raises BadRequest where no row has a label, where labels cannot be told apart, and where all mean the same.
    """
    written = [_written(cell) for cell in cells]
    counts = Counter(written)
    spoken = _spoken(counts, positive)
    if not spoken:
        raise BadRequest(
            f"no row has a label in the column {column!r}",
            cure='Name the column of labels, or declare label = "" and a measure that needs none: selection_rate.',
        )
    read = meanings(spoken, column, positive, audited, classes)
    means = {label: read.get(label, NONE) for label in counts}
    labels = np.array([means[label] == "class" for label in written], dtype=bool)
    known = np.array([means[label] != "none" for label in written], dtype=bool)
    if labels.sum() in (0, known.sum()):
        raise BadRequest(
            f"the column {column!r} makes every row {'' if labels.any() else 'not '}of the class",
            cure=f"Say in data.positive which labels mean it; there are {_quoted(spoken)}.",
        )
    return Labelling(labels, known, _listed(counts, means, positive))


def meanings(
    labels: Iterable[str], column: str, positive: Sequence[str], audited: str, classes: Sequence[str]
) -> dict[str, Meaning]:
    """The meaning of each label of a column, see `labelling`; blank ones are left out. Raises BadRequest."""
    spoken = _spoken(labels, positive)
    return _declared(spoken, positive) if positive else _recognised(spoken, column, audited, classes)


def _spoken(labels: Iterable[str], positive: Sequence[str]) -> list[str]:
    return [label for label in labels if label.casefold() not in BLANK - {name.casefold() for name in positive}]


def _written(cell: object) -> str:
    """A label as one word for what is the same: 1, 1.0 and Decimal('1') are one number. Empty where there is none."""
    if cell is None or cell != cell:  # NaN is unlike itself
        return ""
    text = str(cell).strip()
    number = NUMBER.fullmatch(text)
    return str(int(number[1])) if number else text


def _declared(spoken: Sequence[str], positive: Sequence[str]) -> dict[str, Meaning]:
    wanted = {_written(name).casefold() for name in positive}
    return {label: "class" if label.casefold() in wanted else "other" for label in spoken}


def _recognised(spoken: Sequence[str], column: str, audited: str, classes: Sequence[str]) -> dict[str, Meaning]:
    names, own = {label: label.casefold() for label in spoken}, audited.casefold()
    others, there = {name.casefold() for name in classes} - {own}, {label.casefold() for label in spoken}
    if there <= YES | NO and own not in NO and not there & others:
        return {label: "class" if name in YES else "other" for label, name in names.items()}
    if there & (others | {own}):
        return {
            label: "class" if name == own else "other" if name in others else "none" for label, name in names.items()
        }
    if there <= {"0", "1"} and _certain(column, audited, classes):
        return {label: "class" if name == "1" else "other" for label, name in names.items()}
    wanted = audited or "the audited class"
    if there <= {"0", "1"}:
        raise BadRequest(
            f"0 and 1 in the column {column!r} can be read in two ways: as the numbers of the model's classes "
            f"({_numbered(classes)}), or as no and yes to the question whether a text is {wanted!r}",
            cure=f"""Say in data.positive which of them means {wanted}: positive = ["0"] or positive = ["1"].""",
        )
    raise BadRequest(
        f"no label of the column {column!r} is a class of the model",
        cure=f"Say in data.positive which labels mean {wanted}; there are {_quoted(spoken)}.",
    )


def _numbered(classes: Sequence[str]) -> str:
    return ", ".join(f"{number} is {name[:LONGEST]!r}" for number, name in enumerate(classes[:2]))


def _certain(column: str, audited: str, classes: Sequence[str]) -> bool:
    """Whether 1 is the audited class as the number of a class and as a yes alike, or the column has its name."""
    if column.casefold() == audited.casefold():
        return True
    return len(classes) == 2 and classes[1].casefold() == audited.casefold()


def _listed(counts: Counter[str], means: Mapping[str, Meaning], positive: Sequence[str]) -> tuple[dict[str, Any], ...]:
    present = {label.casefold() for label in counts}
    absent = [name for name in positive if _written(name).casefold() not in present]
    order = sorted(counts, key=lambda label: (-counts[label], label))
    rows = [(label, counts[label], means[label]) for label in order] + [(name, 0, "class") for name in absent]
    found = [{"label": label[:LONGEST], "n": n, "means": meaning} for label, n, meaning in rows[:LISTED]]
    if rest := rows[LISTED:]:
        for meaning in ("class", "other", "none"):
            mine = [n for _, n, each in rest if each == meaning]
            found += [{"label": None, "n": sum(mine), "means": meaning, "labels": len(mine)}] if mine else []
    return tuple(found)


def _quoted(labels: Iterable[str]) -> str:
    there = sorted(labels)
    more = f" and {len(there) - 10} more" if len(there) > 10 else ""
    return ", ".join(repr(label[:LONGEST]) for label in there[:10]) + more
