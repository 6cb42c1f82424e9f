"""A page of the rows that filters choose, in any order, at the same speed wherever the page lies.

Filters choose strata. Where these are few, the first rows of each are read by index and merged; where they are many,
the order itself is walked in an index that holds all that is asked about, so that no wide row is read in vain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, TextClause, and_, func, literal, or_, select, text, tuple_
from sqlalchemy.orm import Session

from .tables import DatasetFact, DatasetRow

By = Literal["number", "probability"]
FEW = 100  # strata that are read one by one
WINDOW = 20_000  # rows that one search looks at
UNCACHED = {"compiled_cache": None}  # each choice of strata is a statement of its own: keeping them takes 80 MB


@dataclass(frozen=True, slots=True)
class Place:
    """A row in the narrow table."""

    number: int
    stratum: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    run: int
    strata: frozenset[int] | None  # None: all
    by: By = "number"
    descending: bool = False
    low: float | None = None
    high: float | None = None
    after: tuple[float, int] | None = None  # probability and number of the last row seen; by number only this counts


def page(session: Session, wanted: Wanted, limit: int) -> list[Place]:
    if wanted.strata is not None and not wanted.strata:
        return []
    if wanted.strata is None or len(wanted.strata) > FEW:
        found = session.execute(_walk(wanted).limit(limit))
    else:
        found = session.execute(_merged(wanted), _values(wanted, limit), execution_options=UNCACHED)
    return [Place(*row) for row in found]


def place(session: Session, run: int, number: int) -> Place | None:
    found = session.get(DatasetFact, (run, number))
    return None if found is None else Place(found.number, found.stratum, found.probability)


def count(session: Session, wanted: Wanted) -> int:
    """How many rows that is, from the one behind `after` on."""
    if wanted.strata is not None and not wanted.strata:
        return 0
    rows = select(func.count()).where(DatasetFact.run == wanted.run, *_range(wanted), *_among(wanted), *_after(wanted))
    return session.scalar(rows) or 0


def search(session: Session, wanted: Wanted, dataset: int, needle: str, limit: int) -> tuple[list[Place], int | None]:
    """Rows by number whose text holds `needle`; and the row up to which was looked, None at the end.

    At most WINDOW rows are looked at: a word that hardly occurs must not keep the database busy.
    """
    start = 0 if wanted.after is None else wanted.after[1] + 1
    stop = start + WINDOW
    holds = or_(
        DatasetRow.text.icontains(needle, autoescape=True), DatasetRow.text_pair.icontains(needle, autoescape=True)
    )
    joined = (DatasetRow.dataset == dataset) & (DatasetRow.number == DatasetFact.number)
    found = session.execute(
        select(DatasetFact.number, DatasetFact.stratum, DatasetFact.probability)
        .join(DatasetRow, joined)
        .where(DatasetFact.run == wanted.run, DatasetFact.number >= start, DatasetFact.number < stop)
        .where(*_range(wanted), *_among(wanted), holds)
        .order_by(DatasetFact.number)
        .limit(limit + 1)
    ).all()
    places = [Place(*row) for row in found[:limit]]
    if len(found) > limit:
        return places, places[-1].number
    last = session.scalar(
        select(DatasetFact.number).where(DatasetFact.run == wanted.run, DatasetFact.number >= stop).limit(1)
    )
    return places, None if last is None else stop - 1


def _walk(wanted: Wanted) -> Any:
    # "+ 0" keeps the planner from choosing the strata's index, which would sort every row it finds.
    chosen: Any = select(DatasetFact.number, DatasetFact.stratum, DatasetFact.probability).where(
        DatasetFact.run == wanted.run, *_range(wanted), *_among(wanted), *_after(wanted)
    )
    return _ordered(chosen, DatasetFact, wanted)


def _merged(wanted: Wanted) -> TextClause:
    """The first rows of each stratum, merged. As text: a statement of a hundred parts takes long to put together."""
    way = " DESC" if wanted.descending else ""
    order = f"number{way}" if wanted.by == "number" else f"probability{way}, number{way}"
    sign = "<" if wanted.descending else ">"
    conditions = ""
    if wanted.low is not None:
        conditions += " AND probability >= :low"
    if wanted.high is not None:
        conditions += " AND probability <= :high AND probability >= 0"
    if wanted.after is not None:
        by_both = f" AND (probability, number) {sign} (:after, :number)"
        conditions += f" AND number {sign} :number" if wanted.by == "number" else by_both
    parts = (
        f"SELECT * FROM (SELECT number, stratum, probability FROM dataset_facts WHERE run = :run AND stratum = {each:d}"  # noqa: S608
        f"{conditions} ORDER BY {order} LIMIT :limit) AS s{each:d}"
        for each in sorted(wanted.strata or ())
    )
    return text(f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS merged ORDER BY {order} LIMIT :limit")  # noqa: S608


def _values(wanted: Wanted, limit: int) -> dict[str, float]:
    found: dict[str, float | None] = {"run": wanted.run, "limit": limit, "low": wanted.low, "high": wanted.high}
    if wanted.after is not None:
        found["number"] = wanted.after[1]
        found["after"] = wanted.after[0] if wanted.by == "probability" else None
    return {name: value for name, value in found.items() if value is not None}


def _ordered(chosen: Any, table: Any, wanted: Wanted) -> Any:
    columns = [table.number] if wanted.by == "number" else [table.probability, table.number]
    return chosen.order_by(*(column.desc() if wanted.descending else column for column in columns))


def _range(wanted: Wanted) -> list[ColumnElement[bool]]:
    limits = []
    column = DatasetFact.probability if wanted.by == "probability" else DatasetFact.probability + 0.0
    if wanted.low is not None:
        limits.append(column >= wanted.low)
    if wanted.high is not None:
        limits.append(and_(column <= wanted.high, column >= 0))
    return limits


def _among(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.strata is None:
        return []
    return [(DatasetFact.stratum + literal(0, literal_execute=True)).in_(sorted(wanted.strata))]


def _after(wanted: Wanted) -> list[ColumnElement[bool]]:
    if wanted.after is None:
        return []
    if wanted.by == "number":
        column: Any = DatasetFact.number
        last: Any = wanted.after[1]
    else:
        column = tuple_(DatasetFact.probability, DatasetFact.number)
        last = tuple_(*wanted.after)
    return [column < last if wanted.descending else column > last]


def numbers(places: Sequence[Place]) -> list[int]:
    return [place.number for place in places]
