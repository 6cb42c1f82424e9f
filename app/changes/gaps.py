"""Audit gaps before and after: the measures of an audit on the same texts and groups, with the paired tests of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..audit.data.plan import Language, Plan, Table
from ..audit.data.values import Floats
from ..audit.family.gaps import measure
from ..audit.run.difference import Change, changes_of
from ..audit.run.run import store
from ..audit.run.sources import table
from .material import NO_LABEL, Texts
from .schemas import EstimateOut, GapOut

RATES: Any = ("false_positive_rate", "true_positive_rate")
UNLABELLED: Any = ("selection_rate",)


def gaps_of(
    texts: Texts, scores: tuple[Floats, Floats], classes: Sequence[str], *, terms: Language | None, seed: int
) -> tuple[GapOut, ...]:
    """scores: of each model p(last class | text). No groups, no gaps. Raises BadRequest as an audit does."""
    if not texts.groups and terms is None:
        return ()
    label = "label" if texts.labelled else None
    data = Table(path=texts.name, text="text", label=label, groups=tuple(texts.groups), terms=terms)
    plan = Plan(model="-", data=data, audited=classes[-1], metrics=RATES if label else UNLABELLED, seed=seed)
    material = table(data, list(rows_of(texts, classes)), audited=classes[-1], seed=seed, classes=classes)
    one, other = (measure(plan, store(material, each.round(6))) for each in scores)
    return tuple(map(_told, sorted(changes_of(one, other), key=lambda each: (each.q or 0.0, each.metric, each.group))))


def rows_of(texts: Texts, classes: Sequence[str]) -> Iterator[dict[str, str]]:
    """The rows as a table of an audit has them."""
    for row, text in enumerate(texts.texts):
        label = texts.labels[row]
        own = {name: values[row] for name, values in texts.groups.items()}
        yield {"text": text, "label": "" if label == NO_LABEL else classes[label], **own}


def _told(change: Change) -> GapOut:
    interval = change.interval
    return GapOut(
        metric=change.metric,
        group=change.group,
        texts=change.n,
        before=change.before,
        after=change.after,
        p=change.p,
        q=change.q,
        gap_before=change.gap_before,
        gap_after=change.gap_after,
        change=EstimateOut(
            value=change.gap_after - change.gap_before,
            low=None if interval is None else interval.low,
            high=None if interval is None else interval.high,
        ),
    )
