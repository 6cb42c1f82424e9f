"""Where a row stands among those that filters choose, and the rows before and after it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from ...errors import NotFound
from ...schemas import Record
from ...store.database import Store
from ...store.datasets import rows as datasets
from ...store.datasets import selection as dataset_selection
from ...store.datasets.selection import Place, Wanted
from ..schemas import RowOut
from .browse import Filters, Sort, View, rows_of, view_of


class Trail(Record):
    """position: of the row among `total`, from 1; both None where the filters do not choose it, or cannot be counted.
    query: the filters, as the part of an address behind `?`."""

    dataset: str
    name: str
    row: RowOut
    model: str
    position: int | None
    total: int | None
    before: int | None
    after: int | None
    errors: bool  # the filters choose what the model gets wrong
    query: str


def trail(store: Store, project: str, id: str, number: int, filters: Filters, *, query: str) -> Trail:
    """Raises NotFound for what is no row of the data set."""

    def read(session: Session) -> Trail:
        view = view_of(session, project, id, _walkable(filters))
        found = datasets.find(session, project, id)
        place = dataset_selection.place(session, view.run.serial, number)
        if found is None or place is None:
            raise NotFound(f"the data set has no row {number}")
        (row,) = rows_of(session, view, [place])
        inside = _inside(view, place)
        return Trail(
            dataset=id,
            name=found.name,
            row=row,
            model=view.run.model,
            position=_position(session, view, place) if inside else None,
            total=view.total if inside else None,
            before=_beside(session, view, place, back=True),
            after=_beside(session, view, place, back=False),
            errors=filters.right is False,
            query=query,
        )

    return store.query(read)


def _walkable(filters: Filters) -> Filters:
    """Without what no row can be followed along: a search, and the order of badges, which are given meanwhile."""
    order = "number" if filters.sort.endswith("badge") else filters.sort
    return filters.model_copy(update={"search": None, "sort": order})


def _inside(view: View, place: Place) -> bool:
    low, high = view.filters.low, view.filters.high
    chosen = view.chosen
    return (
        (chosen is None or place.stratum in chosen)
        and (low is None or place.probability >= low)
        and (high is None or 0 <= place.probability <= high)
    )


def _wanted(view: View, place: Place, *, back: bool) -> Wanted:
    sort: Sort = view.filters.sort
    return Wanted(
        run=view.run.serial,
        strata=view.chosen,
        by="number" if sort.endswith("number") else "probability",
        descending=sort.startswith("-") != back,
        low=view.filters.low,
        high=view.filters.high,
        after=(place.probability, place.number),
    )


def _beside(session: Session, view: View, place: Place, *, back: bool) -> int | None:
    found = dataset_selection.page(session, _wanted(view, place, back=back), 1)
    return found[0].number if found else None


def _position(session: Session, view: View, place: Place) -> int | None:
    """None where the order has no end that is counted from."""
    if view.total is None:
        return None
    return 1 + dataset_selection.count(session, _wanted(view, place, back=True))
