"""The rows of a data set as somebody looks at them: filtered, in an order, page by page."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from dataclasses import replace as replaced
from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from ...errors import BadRequest, NotFound, UnknownValue
from ...schemas import Request
from ...store.database import Store
from ...store.datasets import facts as dataset_facts
from ...store.datasets import rows as datasets
from ...store.datasets import selection as dataset_selection
from ...store.datasets.facts import Alike, Stratum
from ...store.datasets.selection import Place, Wanted
from ...store.datasets.tables import DatasetRow, DatasetRun
from .. import service
from ..schemas import CellOut, RowOut, RowsOut, SummaryOut, WordOut

Sort = Literal["number", "-number", "probability", "-probability", "badge", "-badge"]
Badge = Literal["sound", "rough", "distrust", "none"]
WORST_FIRST = ("distrust", "rough", "sound", None)
NO_BADGE = "none"
MOST_ROWS = 500
Value = Annotated[str, Field(max_length=200)]


class Filters(Request):
    """Which rows, and in which order. `model` chooses whose predictions; by default the last that was asked."""

    model: Value | None = None
    label: Value | None = None
    predicted: Value | None = None
    right: bool | None = None
    badge: Badge | None = None
    groups: dict[Value, Value] = Field(default_factory=dict)
    low: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    high: float | None = Field(None, ge=0, le=1, allow_inf_nan=False)
    search: Annotated[str, Field(max_length=500)] | None = None
    sort: Sort = "number"

    def choose(self, stratum: Stratum, classes: Collection[str]) -> bool:
        alike = stratum.alike
        return (
            (self.label is None or alike.label == self.label)
            and (self.predicted is None or alike.predicted == self.predicted)
            and (self.right is None or stratum.right(classes) == self.right)
            and (self.badge is None or (alike.badge or NO_BADGE) == self.badge)
            and self.groups.items() <= dict(alike.groups).items()
        )

    @property
    def narrow(self) -> bool:
        """Whether any filter is set."""
        chosen = (self.label, self.predicted, self.right, self.badge, self.low, self.high, self.search)
        return bool(self.groups) or any(each is not None for each in chosen)


@dataclass(frozen=True, slots=True)
class View:
    """The predictions that filters look at, and which of their strata they choose."""

    dataset: int
    run: DatasetRun
    strata: tuple[Stratum, ...]
    filters: Filters

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(json.loads(self.run.labels))

    def chooses(self, stratum: Stratum) -> bool:
        return self.filters.choose(stratum, self.classes)

    @property
    def chosen(self) -> frozenset[int] | None:
        found = frozenset(stratum.number for stratum in self.strata if self.chooses(stratum))
        return None if len(found) == len(self.strata) else found

    @property
    def total(self) -> int | None:
        """How many rows: known without counting, but for a search and a range."""
        filters = self.filters
        if filters.search is not None or filters.low is not None or filters.high is not None:
            return None
        return sum(stratum.rows for stratum in self.strata if self.chooses(stratum))


def page(
    store: Store, project: str, id: str, filters: Filters, *, cursor: str | None = None, limit: int = 50
) -> RowsOut:
    """Raises NotFound, BadRequest for a cursor that is none."""

    def read(session: Session) -> RowsOut:
        view = view_of(session, project, id, filters)
        if filters.search is not None:
            return _search(session, view, cursor, limit)
        places, following = _page(session, view, cursor, limit)
        return RowsOut(rows=rows_of(session, view, places), total=view.total, next=following)

    return store.query(read)


def every(store: Store, project: str, id: str, filters: Filters) -> Iterator[RowOut]:
    """All rows that the filters choose, a page at a time."""
    cursor: str | None = None
    while True:
        found = page(store, project, id, filters, cursor=cursor, limit=MOST_ROWS)
        yield from found.rows
        cursor = found.next
        if cursor is None:
            return


def numbers(store: Store, project: str, id: str, filters: Filters, most: int) -> tuple[int, ...]:
    """The rows that the filters choose, in their order."""
    found: list[int] = []
    for row in every(store, project, id, filters):
        if len(found) == most:
            break
        found.append(row.number)
    return tuple(found)


def summary(store: Store, project: str, id: str, filters: Filters) -> SummaryOut:
    """Raises NotFound."""

    def read(session: Session) -> SummaryOut:
        view = view_of(session, project, id, filters)
        cells: dict[tuple[str, str], int] = {}
        for stratum in view.strata:
            label, predicted = stratum.alike.label, stratum.alike.predicted
            if (
                label is not None
                and predicted is not None
                and filters.groups.items() <= dict(stratum.alike.groups).items()
            ):
                cells[label, predicted] = cells.get((label, predicted), 0) + stratum.rows
        words = json.loads(view.run.words) if view.run.words else []
        return SummaryOut(
            model=view.run.model,
            rows=sum(stratum.rows for stratum in view.strata),
            predicted=sum(stratum.rows for stratum in view.strata if stratum.alike.predicted is not None),
            right=sum(rows for (label, predicted), rows in cells.items() if label == predicted),
            compared=sum(rows for (label, _), rows in cells.items() if label in view.classes),
            labels=tuple(sorted({s.alike.label for s in view.strata if s.alike.label is not None})),
            classes=tuple(sorted({s.alike.predicted for s in view.strata if s.alike.predicted is not None})),
            confusion=tuple(
                CellOut(label=label, predicted=predicted, rows=rows)
                for (label, predicted), rows in sorted(cells.items()) if rows
            ),
            words=tuple(WordOut.model_validate(word) for word in words),
        )  # fmt: skip

    return store.query(read)


def strata(store: Store, project: str, id: str, model: str = "") -> tuple[Stratum, ...]:
    """The rows that are alike and how many they are, with what the model says of them where it was asked. Raises
    NotFound."""

    def read(session: Session) -> tuple[Stratum, ...]:
        dataset = datasets.find(session, project, id)
        asked = dataset is not None and any(run.model == model for run in datasets.runs(session, dataset.serial))
        return view_of(session, project, id, Filters(model=model if asked else "")).strata

    return store.query(read)


def view_of(session: Session, project: str, id: str, filters: Filters) -> View:
    """Raises NotFound, also for predictions that are not there."""
    dataset = service.require(session, project, id)
    found = datasets.runs(session, dataset.serial)
    runs = [run for run in found if filters.model is None or run.model == filters.model]
    if not runs:
        if filters.model:
            known = ", ".join(run.model for run in found if run.model) or "none"
            raise NotFound(f"no predictions of {filters.model[:80]!r} are there; there are: {known}")
        raise NotFound("the file of this data set is not read yet", cure="Wait for its job to end.")
    view = View(dataset.serial, runs[-1], dataset_facts.strata(session, runs[-1].serial), filters)
    _refuse_unknown(view)
    return view


def _refuse_unknown(view: View) -> None:
    """Raises UnknownValue for a filter that no row can pass, whatever the other filters are."""
    filters, alike = view.filters, [stratum.alike for stratum in view.strata]
    labels = {each.label for each in alike if each.label is not None}
    predicted = {each.predicted for each in alike if each.predicted is not None}
    known: list[tuple[str, str | None, set[str]]] = [
        ("label", filters.label, labels),
        ("predicted", filters.predicted, predicted | set(view.classes)),
        *(_of_column(column, value, alike) for column, value in filters.groups.items()),
    ]
    for name, given, there in known:
        if given is not None and given not in there:
            raise UnknownValue(name, given, sorted(there), cure="Show all rows.")


def _of_column(column: str, value: str, alike: Sequence[Alike]) -> tuple[str, str, set[str]]:
    """A filter by a group: its column, its value and the values there are; of another column the columns there are."""
    columns = {name for each in alike for name, _ in each.groups}
    if column not in columns:
        return "group", column, columns
    return column, value, {there for each in alike for name, there in each.groups if name == column}


def _page(session: Session, view: View, cursor: str | None, limit: int) -> tuple[list[Place], str | None]:
    sort = view.filters.sort
    if sort.endswith("badge"):
        return _by_badge(session, view, cursor, limit)
    wanted = Wanted(
        run=view.run.serial,
        strata=view.chosen,
        by="number" if sort.endswith("number") else "probability",
        descending=sort.startswith("-"),
        low=view.filters.low,
        high=view.filters.high,
        after=None if cursor is None else _position(cursor),
    )
    found = dataset_selection.page(session, wanted, limit + 1)
    return found[:limit], _cursor(found[limit - 1]) if len(found) > limit else None


def _by_badge(session: Session, view: View, cursor: str | None, limit: int) -> tuple[list[Place], str | None]:
    """One level after the other, each in the order of its rows."""
    levels = WORST_FIRST if view.filters.sort == "badge" else (*reversed(WORST_FIRST[:3]), None)
    first, number = (0, None) if cursor is None else _level(cursor, len(levels))
    found: list[tuple[int, Place]] = []
    for level in range(first, len(levels)):
        chosen = [s.number for s in view.strata if view.chooses(s) and s.alike.badge == levels[level]]
        wanted = Wanted(run=view.run.serial, strata=frozenset(chosen), low=view.filters.low, high=view.filters.high)
        if number is not None and level == first:
            wanted = replaced(wanted, after=(0.0, number))
        places = dataset_selection.page(session, wanted, limit + 1 - len(found))
        found += [(level, place) for place in places]
        if len(found) > limit:
            level, last = found[limit - 1]
            return [place for _, place in found[:limit]], f"{level}:{last.number}"
    return [place for _, place in found], None


def _search(session: Session, view: View, cursor: str | None, limit: int) -> RowsOut:
    """By number, whatever the order asked for: a bounded part of the rows is looked at."""
    filters = view.filters
    wanted = Wanted(
        run=view.run.serial, strata=view.chosen, low=filters.low, high=filters.high,
        after=None if cursor is None else _position(cursor),
    )  # fmt: skip
    needle = str(filters.search)
    places, until = dataset_selection.search(session, wanted, view.dataset, needle, limit)
    following = None if until is None else f"0.0:{until}"
    return RowsOut(rows=rows_of(session, view, places), total=None, next=following, searched_until=until)


def rows_of(session: Session, view: View, places: list[Place]) -> tuple[RowOut, ...]:
    """The rows at these places, with their words."""
    numbers = [place.number for place in places]
    rows = datasets.rows_at(session, view.dataset, numbers)
    explained = dataset_facts.explained(session, view.run.serial, numbers)
    strata = {stratum.number: stratum for stratum in view.strata}
    found = []
    for place in places:
        row, stratum, why = rows[place.number], strata[place.stratum], explained.get(place.number)
        words = sorted(
            (each for each in (why.words.get(stratum.alike.predicted or "", ()) if why else ())),
            key=lambda each: -abs(each[1]),
        )
        found.append(_row(row, place, stratum, view.classes).model_copy(
            update={"explanation": why.key if why else None, "words": tuple((w, s) for w, s in words[:3])}
        ))  # fmt: skip
    return tuple(found)


def _row(row: DatasetRow, place: Place, stratum: Stratum, classes: Collection[str]) -> RowOut:
    alike = stratum.alike
    return RowOut(
        number=row.number,
        line=row.line,
        id=row.name,
        text=row.text,
        text_pair=row.text_pair,
        label=alike.label,
        groups=json.loads(row.groups) if row.groups else {},
        predicted=alike.predicted,
        probability=None if place.probability < 0 else place.probability,
        right=stratum.right(classes),
        badge=alike.badge,
    )


def _cursor(place: Place) -> str:
    return f"{place.probability!r}:{place.number}"


def _position(cursor: str) -> tuple[float, int]:
    probability, _, number = cursor.partition(":")
    try:
        found = float(probability)
    except ValueError:
        found = math.nan
    if not math.isfinite(found) or not _is_number(number):
        raise _no_cursor(cursor)
    return found, int(number)


def _level(cursor: str, levels: int) -> tuple[int, int]:
    level, _, number = cursor.partition(":")
    if not _is_number(level) or not _is_number(number) or int(level) >= levels:
        raise _no_cursor(cursor)
    return int(level), int(number)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _no_cursor(cursor: str) -> BadRequest:
    return BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
