"""Functional tests in the form of HateCheck (Röttger et al. 2021): what a model should tell apart, case by case."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..data.values import FEW, Bools, Figure, Floats, Ints, Reason, Rows
from ..statistics.intervals import wilson

REQUIRED = ("functionality", "test_case", "label_gold")
TEXT, LABEL = "test_case", "label_gold"
POSITIVE = frozenset({"hateful", "toxic", "1", "true", "yes", "hate"})
NEGATIVE = frozenset({"non-hateful", "nonhateful", "not hateful", "nontoxic", "non-toxic", "0", "false", "no"})
HARMLESS = ("ident_neutral_nh", "ident_pos_nh")  # harmless sentences that name a group: what the headline counts


@dataclass(frozen=True)
class Case:
    text: str
    functionality: str
    label: bool
    target: str  # the group named, empty where none is
    template: str  # cases of one template belong together; the hash of the text where none is given


@dataclass(frozen=True)
class Accuracy:
    """Share of the cases of a functionality (and target) that are predicted as labelled."""

    functionality: str
    target: str | None  # None: all targets together
    figure: Figure


def cases_of(names: Collection[str], rows: Iterable[tuple[int, Mapping[str, str | None]]]) -> tuple[Case, ...]:
    """names: the columns, among them functionality, test_case and label_gold; target_ident and templ_id if there.
    rows: each with the number of its line. ValueError says what is wrong and what is allowed."""
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ValueError(f"the column {missing[0]!r} is missing; a functional test has {', '.join(REQUIRED)}")
    cases = tuple(_case(row, line) for line, row in rows)
    if not cases:
        raise ValueError("the file has a header and no case")
    return cases


def _case(row: Mapping[str, str | None], line: int) -> Case:
    text, functionality = (row["test_case"] or "").strip(), (row["functionality"] or "").strip()
    label = (row["label_gold"] or "").strip().lower()
    if not text or not functionality:
        raise ValueError(f"line {line}: test_case and functionality must not be empty")
    if label not in POSITIVE | NEGATIVE:
        raise ValueError(f"line {line}: label_gold is {label!r}; allowed are hateful and non-hateful, or 1 and 0")
    template = (row.get("templ_id") or "").strip()
    return Case(
        text,
        functionality,
        label in POSITIVE,
        (row.get("target_ident") or "").strip(),
        f"{functionality} {template}" if template else hashlib.sha256(text.encode()).hexdigest(),
    )


def clusters(cases: Sequence[Case]) -> Ints:
    """(cases,): the number of each case's template."""
    return np.unique([case.template for case in cases], return_inverse=True)[1].astype(np.int64)


def rows(cases: Sequence[Case], scores: Floats, *, threshold: float = 0.5) -> Rows:
    """The cases as rows of an audit, clustered by template where templates hold more than one case."""
    at = clusters(cases)
    labels = np.array([case.label for case in cases], dtype=bool)
    return Rows(scores, labels, threshold, at if len(np.unique(at)) < len(cases) else None)


def accuracies(cases: Sequence[Case], made: Rows, *, minimum: int = FEW) -> tuple[Accuracy, ...]:
    """Per functionality, then per (functionality, target), with Wilson's interval. Cases are counted as rows: intervals
    say how exactly this list was measured, not how other templates would fare."""
    right = made.selected == made.labels
    functionalities = list(dict.fromkeys(case.functionality for case in cases))
    targets = list(dict.fromkeys(case.target for case in cases if case.target))
    of = np.array([case.functionality for case in cases])
    who = np.array([case.target for case in cases])
    found = [Accuracy(name, None, share(right, of == name, minimum=minimum)) for name in functionalities]
    for name in functionalities:
        for target in targets:
            among = (of == name) & (who == target)
            if among.any():
                found.append(Accuracy(name, target, share(right, among, minimum=minimum)))
    return tuple(found)


def share(events: Bools, among: Bools, *, minimum: int = FEW) -> Figure:
    """Share of the rows marked that have the event; suppressed below the minimum, n still given."""
    n, count = int(among.sum()), int((events & among).sum())
    if n < minimum:
        return Figure(None, n, reason=Reason.TOO_FEW if n else Reason.NO_ROWS)
    return Figure(count / n, n, wilson(count, n))


def headline(cases: Sequence[Case], made: Rows, *, minimum: int = FEW) -> dict[str, Figure]:
    """For each target the share of harmless sentences naming it, neutral or positive, that is called positive."""
    harmless = np.array([case.functionality in HARMLESS and not case.label for case in cases])
    who = np.array([case.target for case in cases])
    targets = list(dict.fromkeys(case.target for case in cases if case.target))
    return {target: share(made.selected, harmless & (who == target), minimum=minimum) for target in targets}
