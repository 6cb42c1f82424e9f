"""Studies, slices and marks of data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from ..results import now
from .tables import DatasetMark, DatasetRow, DatasetSlice, DatasetStudy

MOST_SLICES = 200


def study(session: Session, run: int) -> str | None:
    """JSON; None before the run was studied."""
    found = session.get(DatasetStudy, run)
    return None if found is None else found.body


def put_study(session: Session, run: int, body: str) -> None:
    session.merge(DatasetStudy(run=run, body=body, created=now()))


def slices(session: Session, dataset: int) -> Sequence[DatasetSlice]:
    """In the order in which they were made."""
    wanted = select(DatasetSlice).where(DatasetSlice.dataset == dataset)
    return session.scalars(wanted.order_by(DatasetSlice.created, DatasetSlice.key)).all()


def put_slice(session: Session, dataset: int, *, key: str, name: str, statement: str, who: str) -> bool:
    """A slice of the same conditions gets the new name. False where there are too many already."""
    known = session.get(DatasetSlice, (dataset, key))
    if known is not None:
        known.name = name or known.name
        return True
    count = session.scalar(select(func.count()).select_from(DatasetSlice).where(DatasetSlice.dataset == dataset))
    if (count or 0) >= MOST_SLICES:
        return False
    session.add(DatasetSlice(dataset=dataset, key=key, name=name, statement=statement, who=who, created=now()))
    return True


def delete_slice(session: Session, dataset: int, key: str) -> bool:
    """Whether there was one."""
    known = session.get(DatasetSlice, (dataset, key))
    if known is not None:
        session.delete(known)
    return known is not None


def mark(session: Session, dataset: int, numbers: Sequence[int], *, action: str, value: str | None, who: str) -> None:
    at = now()
    session.add_all(
        DatasetMark(dataset=dataset, number=number, action=action, value=value, who=who, created=at)
        for number in numbers
    )


def marks(session: Session, dataset: int, numbers: Sequence[int] | None = None) -> Mapping[int, DatasetMark]:
    """The mark that holds for each marked row: the last one, unless it took the mark away."""
    wanted = select(DatasetMark).where(DatasetMark.dataset == dataset)
    if numbers is not None:
        wanted = wanted.where(DatasetMark.number.in_(numbers))
    held: dict[int, DatasetMark] = {}
    for each in session.scalars(wanted.order_by(DatasetMark.serial)):
        held.pop(each.number, None)
        if each.action != "clear":
            held[each.number] = each
    return dict(sorted(held.items()))


def rows_there(session: Session, dataset: int, numbers: Sequence[int]) -> set[int]:
    wanted = select(DatasetRow.number).where(DatasetRow.dataset == dataset, DatasetRow.number.in_(numbers))
    return set(session.scalars(wanted))


def forget(session: Session, dataset: int) -> None:
    """Slices and marks, which hold words and who wrote them: gone as the data set is hidden."""
    session.execute(delete(DatasetSlice).where(DatasetSlice.dataset == dataset))
    session.execute(delete(DatasetMark).where(DatasetMark.dataset == dataset))
