"""Data sets and their rows. Functions of a session: the web process and the job runner both call them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session, load_only

from ..results import now
from . import bench
from .tables import Dataset, DatasetFact, DatasetFile, DatasetRow, DatasetRun

CHUNK = 5_000  # rows a statement
PARTS = 50  # parts of files in one transaction
DELETED = "deleted"  # hidden; its rows are removed little by little


def find(session: Session, project: str, id: str) -> Dataset | None:
    wanted = select(Dataset).where(Dataset.project == project, Dataset.id == id, Dataset.status != DELETED)
    return session.scalar(wanted)


def listing(
    session: Session, project: str, *, before: tuple[int, int] | None = None, limit: int = 20
) -> Sequence[Dataset]:
    """Newest first."""
    wanted = select(Dataset).where(Dataset.project == project, Dataset.status != DELETED)
    if before is not None:
        wanted = wanted.where(tuple_(Dataset.created, Dataset.serial) < tuple_(*before))
    return session.scalars(wanted.order_by(Dataset.created.desc(), Dataset.serial.desc()).limit(limit)).all()


def made_of(session: Session, project: str, origin: str) -> Sequence[Dataset]:
    """Data sets that were made of another one, the newest first."""
    wanted = select(Dataset).where(Dataset.project == project, Dataset.origin == origin, Dataset.status != DELETED)
    return session.scalars(wanted.order_by(Dataset.created.desc(), Dataset.serial.desc())).all()


def add(session: Session, project: str, id: str, **values: Any) -> Dataset:
    """Add a data set. One that is there already stays, with its rows; one that was deleted meanwhile is made anew."""
    known = find(session, project, id)
    if known is not None:
        return known
    made = Dataset(project=project, id=id, rows=0, faults=0, job=None, created=now(), **values)
    session.add(made)
    session.flush()
    return made


def change(session: Session, serial: int, **values: Any) -> None:
    """One that was deleted stays so, whatever a job that still reads it has to say."""
    here = update(Dataset).where(Dataset.serial == serial, Dataset.status != DELETED)
    session.execute(here.values(**values))


def is_there(session: Session, serial: int, created: int) -> bool:
    """Whether it was not deleted since; a serial number may be given out again."""
    wanted = select(Dataset.serial).where(
        Dataset.serial == serial, Dataset.created == created, Dataset.status != DELETED
    )
    return session.scalar(wanted) is not None


def hide(session: Session, project: str, id: str) -> int | None:
    """Takes a data set out of sight at once. Its serial number, or None where it is not."""
    found = find(session, project, id)
    if found is None:
        return None
    found.status = DELETED
    found.id = f"{DELETED} {found.serial}"
    found.name = found.described = ""
    found.asked = None
    bench.forget(session, found.serial)
    return found.serial


def clear(session: Session, serial: int, most: int) -> bool:
    """Removes up to `most` rows with all that is said of them; False once there is nothing left."""
    for run in runs(session, serial):
        numbers = select(DatasetFact.number).where(DatasetFact.run == run.serial).limit(most)
        if found := session.scalars(numbers).all():
            _delete_numbers(session, DatasetFact, DatasetFact.run == run.serial, found)
            return True
        session.delete(run)
    numbers = select(DatasetRow.number).where(DatasetRow.dataset == serial).limit(most)
    if found := session.scalars(numbers).all():
        _delete_numbers(session, DatasetRow, DatasetRow.dataset == serial, found)
        return True
    return False


def next_hidden(session: Session) -> Dataset | None:
    """A data set that was deleted and still has rows or a line of its own.

    It goes by what is hidden now: a serial number may belong to another data set a moment later.
    """
    return session.scalar(select(Dataset).where(Dataset.status == DELETED).order_by(Dataset.serial).limit(1))


def forget(session: Session, serial: int) -> None:
    """Removes the data set itself; `clear_files` removes its file where no other has it."""
    session.execute(delete(Dataset).where(Dataset.serial == serial))


def clear_files(session: Session, most: int) -> bool:
    """Removes up to `most` parts of files that no data set has; False once none is left.

    A file is stored before its data set: whoever is storing one that is removed here stores it again (service.add).
    """
    orphan = ~select(Dataset.serial).where(Dataset.file == DatasetFile.digest).exists()
    found = session.execute(select(DatasetFile.digest, DatasetFile.part).where(orphan).limit(most)).all()
    for digest, part in found:
        session.execute(delete(DatasetFile).where(DatasetFile.digest == digest, DatasetFile.part == part))
    return bool(found)


def add_part(session: Session, digest: str, part: int, body: bytes) -> None:
    """A part of a file; one that is there stays."""
    if session.get(DatasetFile, (digest, part), options=[load_only(DatasetFile.part)]) is None:
        session.add(DatasetFile(digest=digest, part=part, body=body))


def parts(session: Session, digest: str) -> int:
    wanted = select(func.count()).select_from(DatasetFile).where(DatasetFile.digest == digest)
    return session.scalar(wanted) or 0


def part(session: Session, digest: str, number: int) -> bytes | None:
    return session.scalar(select(DatasetFile.body).where(DatasetFile.digest == digest, DatasetFile.part == number))


def _delete_numbers(session: Session, table: Any, belongs: Any, found: Sequence[int]) -> None:
    session.execute(delete(table).where(belongs, table.number.between(min(found), max(found))))


def add_rows(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), CHUNK):
        session.execute(insert(DatasetRow), rows[start : start + CHUNK])


def rows(session: Session, serial: int, start: int, stop: int) -> Sequence[DatasetRow]:
    """By number, from `start` up to but without `stop`."""
    wanted = select(DatasetRow).where(
        DatasetRow.dataset == serial, DatasetRow.number >= start, DatasetRow.number < stop
    )
    return session.scalars(wanted.order_by(DatasetRow.number)).all()


def texts(session: Session, serial: int, start: int, stop: int) -> Iterator[tuple[int, str, str | None]]:
    """Number and texts of the rows from `start` up to but without `stop`, and nothing else of them."""
    wanted = select(DatasetRow.number, DatasetRow.text, DatasetRow.text_pair).where(
        DatasetRow.dataset == serial, DatasetRow.number >= start, DatasetRow.number < stop
    )
    yield from ((number, text, pair) for number, text, pair in session.execute(wanted))


def rows_at(session: Session, serial: int, numbers: Sequence[int]) -> dict[int, DatasetRow]:
    wanted = select(DatasetRow).where(DatasetRow.dataset == serial, DatasetRow.number.in_(numbers))
    return {row.number: row for row in session.scalars(wanted)}


def runs(session: Session, serial: int) -> Sequence[DatasetRun]:
    """The rows as they came first, then models in the order in which they were asked."""
    return session.scalars(select(DatasetRun).where(DatasetRun.dataset == serial).order_by(DatasetRun.serial)).all()


def find_run(session: Session, serial: int, model: str, digest: str) -> DatasetRun | None:
    wanted = select(DatasetRun).where(
        DatasetRun.dataset == serial, DatasetRun.model == model, DatasetRun.digest == digest
    )
    return session.scalar(wanted)
