"""Facts of a run about rows: strata that know their size, and a narrow table in the orders in which it is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from .tables import DatasetExplained, DatasetFact, DatasetRun, DatasetStratum

CHUNK = 10_000
NONE = -1.0  # the probability of a row without a prediction: it sorts below all others


@dataclass(frozen=True, slots=True)
class Alike:
    """Everything one can filter by."""

    label: str | None = None
    predicted: str | None = None
    badge: str | None = None
    groups: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stratum:
    number: int
    rows: int
    alike: Alike

    def right(self, classes: Collection[str]) -> bool | None:
        """Whether the prediction is the label; None where one is missing or the label is none of the classes."""
        alike = self.alike
        return None if alike.predicted is None or alike.label not in classes else alike.label == alike.predicted


@dataclass(frozen=True, slots=True)
class Fact:
    number: int
    alike: Alike
    probability: float = NONE


@dataclass(frozen=True, slots=True)
class Explained:
    number: int
    key: str
    badge: str | None
    words: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)  # class → words with their scores


def strata(session: Session, run: int) -> tuple[Stratum, ...]:
    wanted = select(DatasetStratum).where(DatasetStratum.run == run).order_by(DatasetStratum.number)
    return tuple(Stratum(row.number, row.rows, _alike(row)) for row in session.scalars(wanted))


def write(session: Session, run: int, facts: Sequence[Fact]) -> None:
    """Consecutive rows of a run; written twice they are as if written once."""
    if not facts:
        return
    first, last = facts[0].number, facts[-1].number
    numbers = {stratum.alike: stratum.number for stratum in strata(session, run)}
    belongs = (DatasetFact.run == run) & DatasetFact.number.between(first, last)
    before = Counter(session.scalars(select(DatasetFact.stratum).where(belongs)).all())
    if before:
        session.execute(delete(DatasetFact).where(belongs))
    after = Counter(_numbered(session, run, numbers, facts))
    _count(session, run, after, before)
    values = [
        {"run": run, "number": fact.number, "stratum": numbers[fact.alike], "probability": fact.probability}
        for fact in facts
    ]
    for start in range(0, len(values), CHUNK):
        session.execute(insert(DatasetFact), values[start : start + CHUNK])
    change = DatasetRun.done + len(facts) - before.total()
    session.execute(update(DatasetRun).where(DatasetRun.serial == run).values(done=change))


def explain(session: Session, run: int, found: Sequence[Explained]) -> None:
    """Puts explanations beside their rows, which move to the stratum of their badge."""
    numbers = {stratum.alike: stratum.number for stratum in strata(session, run)}
    by_number = {number: alike for alike, number in numbers.items()}
    for each in found:
        fact = session.get(DatasetFact, (run, each.number))
        if fact is None:
            continue
        before = by_number[fact.stratum]
        after = Alike(before.label, before.predicted, each.badge, before.groups)
        (number,) = _numbered(session, run, numbers, [Fact(each.number, after)])
        by_number[number] = after
        _count(session, run, Counter([number]), Counter([fact.stratum]))
        fact.stratum = number
        session.merge(
            DatasetExplained(
                run=run, number=each.number, key=each.key, badge=each.badge, words=json.dumps(dict(each.words))
            )
        )
        session.flush()


def explained(session: Session, run: int, numbers: Sequence[int] | None = None) -> dict[int, Explained]:
    wanted = select(DatasetExplained).where(DatasetExplained.run == run)
    if numbers is not None:
        wanted = wanted.where(DatasetExplained.number.in_(numbers))
    found = session.scalars(wanted.order_by(DatasetExplained.number))
    return {row.number: Explained(row.number, row.key, row.badge, json.loads(row.words)) for row in found}


def wrong(session: Session, run: int, numbers: Sequence[int], classes: Collection[str]) -> frozenset[int]:
    """Numbers of the rows that the model gets wrong."""
    failing = [stratum.number for stratum in strata(session, run) if stratum.right(classes) is False]
    found: set[int] = set()
    for start in range(0, len(numbers), CHUNK):
        wanted = select(DatasetFact.number).where(
            DatasetFact.run == run,
            DatasetFact.number.in_(numbers[start : start + CHUNK]),
            DatasetFact.stratum.in_(failing),
        )
        found.update(session.scalars(wanted))
    return frozenset(found)


def badges(session: Session, run: int) -> Sequence[tuple[int, str | None]]:
    """Number and badge of every explained row."""
    wanted = select(DatasetExplained.number, DatasetExplained.badge).where(DatasetExplained.run == run)
    return [(number, badge) for number, badge in session.execute(wanted)]


def _numbered(session: Session, run: int, numbers: dict[Alike, int], facts: Iterable[Fact]) -> list[int]:
    """The stratum of each fact; one that is new is made, without rows."""
    found = []
    for fact in facts:
        if fact.alike not in numbers:
            numbers[fact.alike] = len(numbers)
            session.add(
                DatasetStratum(
                    run=run, number=numbers[fact.alike], label=fact.alike.label, predicted=fact.alike.predicted,
                    badge=fact.alike.badge, groups=json.dumps(dict(fact.alike.groups)), rows=0,
                )
            )  # fmt: skip
        found.append(numbers[fact.alike])
    session.flush()
    return found


def _count(session: Session, run: int, after: Counter[int], before: Counter[int]) -> None:
    for number in sorted({*after, *before}):
        if difference := after[number] - before[number]:
            session.execute(
                update(DatasetStratum)
                .where(DatasetStratum.run == run, DatasetStratum.number == number)
                .values(rows=DatasetStratum.rows + difference)
            )


def _alike(row: DatasetStratum) -> Alike:
    return Alike(row.label, row.predicted, row.badge, tuple(sorted(json.loads(row.groups).items())))
