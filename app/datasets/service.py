"""Data sets as audits, batches, pages and routes see them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import cast

from sqlalchemy.orm import Session

from ..errors import BadRequest, Conflict, NotFound
from ..store import jobs
from ..store.database import Store
from ..store.datasets import rows as datasets
from ..store.datasets.tables import Dataset, DatasetRow, DatasetRun
from ..store.job_states import RETRIED, State
from .keys import dataset_id, name_of
from .reading.faults import said, said_note
from .reading.labels import match
from .reading.schemas import Form, Mapping
from .schemas import DatasetOut, DatasetsOut, Described, Failure, RunOut, Status
from .uploads import Upload, parts_of, stored

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DATASETS = 100
TOGETHER = 2_000  # rows that are read in one query
UNREAD = ("waiting", "importing")


@dataclass(frozen=True, slots=True)
class DataRow:
    number: int
    text: str
    text_pair: str | None = None
    label: str | None = None
    groups: dict[str, str] = field(default_factory=dict)
    name: str | None = None  # the file's own id
    line: int = 0

    @property
    def whole(self) -> str:
        """The text; of a pair both texts, a line each."""
        return self.text if self.text_pair is None else f"{self.text}\n{self.text_pair}"


def rows(store: Store, project: str, id: str, start: int, stop: int) -> tuple[DataRow, ...]:
    """Rows `start` up to but without `stop`, in the order of the file. Raises NotFound."""

    def read(session: Session) -> Sequence[DatasetRow]:
        return datasets.rows(session, require(session, project, id).serial, start, stop)

    return tuple(_row(row) for row in store.query(read))


def parts(store: Store, project: str, id: str) -> Iterator[tuple[DataRow, ...]]:
    """All rows in the order of the file, TOGETHER at a time. Raises NotFound."""
    start = 0
    while part := rows(store, project, id, start, start + TOGETHER):
        yield part
        start += len(part)


def find(store: Store, project: str, id: str) -> DatasetOut:
    """Raises NotFound."""

    def read(session: Session) -> DatasetOut:
        found = require(session, project, id)
        return shown(found, datasets.runs(session, found.serial), stopped=_stopped(session, found))

    return store.query(read)


def ready(store: Store, project: str, id: str) -> DatasetOut:
    """Raises NotFound, and Conflict for a data set whose file has not been read."""
    found = find(store, project, id)
    if found.status != "ready":
        raise Conflict(f"the data set {id} is {found.status}", cure="Wait until its file has been read.")
    return found


def listing(store: Store, project: str, *, cursor: str | None = None, limit: int = 20) -> DatasetsOut:
    """Newest first; `cursor` is the `next` of the previous page. Raises BadRequest."""
    before = _position(cursor)

    def read(session: Session) -> tuple[DatasetOut, ...]:
        found = datasets.listing(session, project, before=before, limit=limit + 1)
        return tuple(
            shown(each, datasets.runs(session, each.serial), stopped=_stopped(session, each)) for each in found
        )

    found = store.query(read)
    last = found[limit - 1] if len(found) > limit else None
    return DatasetsOut(datasets=found[:limit], next=None if last is None else _cursor(store, project, last.id))


def add(store: Store, project: str, upload: Upload, *, name: str, form: Form, mapping: Mapping | None) -> DatasetOut:
    """A data set of an uploaded file, which waits to be read. The same file read in the same way is there once."""
    id = dataset_id(upload.digest, form, mapping)

    def write(session: Session) -> DatasetOut | None:
        if not stored(session, upload):  # another data set took the same file with it as it was deleted
            return None
        found = datasets.add(
            session, project, id, name=name_of(name), form=form, file=upload.digest, size=upload.size,
            status="waiting", asked=None if mapping is None else mapping.model_dump_json(),
            described=Described().model_dump_json(),
        )  # fmt: skip
        return shown(found, datasets.runs(session, found.serial))

    while (made := store.commit(write)) is None:
        for number, body in enumerate(parts_of(upload)):
            store.commit(partial(datasets.add_part, digest=upload.digest, part=number, body=body))
    return made


def add_again(store: Store, project: str, before: DatasetOut, *, mapping: Mapping) -> DatasetOut:
    """The file of a data set, to be read in another way."""
    id = dataset_id(before.sha256, before.format, mapping)

    def write(session: Session) -> DatasetOut:
        found = datasets.add(
            session, project, id, name=before.name, form=before.format, file=before.sha256, size=before.bytes,
            status="waiting", asked=mapping.model_dump_json(), described=Described().model_dump_json(),
        )  # fmt: skip
        return shown(found, datasets.runs(session, found.serial))

    return store.commit(write)


def identity(session: Session, project: str, id: str) -> tuple[int, int]:
    """The serial number, which may be given out again after a deletion, and the time of making."""
    found = require(session, project, id)
    return found.serial, found.created


def _stopped(session: Session, found: Dataset) -> Failure | None:
    """Why a file will not be read to its end: its job was cancelled or failed."""
    if found.status not in UNREAD or found.job is None:
        return None
    job = jobs.find(session, found.job)
    cure = "Try its job again, send the file again, or delete the data set."
    if job is None or job.state not in RETRIED:
        return None
    if job.state == State.CANCELLED:
        return Failure(detail=f"the reading of the file was cancelled after {found.rows:,} rows", cure=cure)
    return Failure(detail=f"the reading of the file failed: {job.error}", cure=cure)


def shown(found: Dataset, runs: Sequence[DatasetRun], *, stopped: Failure | None = None) -> DatasetOut:
    """stopped: why its file was not read to the end, though nothing is wrong with it."""
    described = Described.model_validate_json(found.described)
    return DatasetOut(
        id=found.id,
        name=found.name,
        format=cast(Form, found.form),
        bytes=found.size,
        sha256=found.file,
        status="failed" if stopped else cast(Status, found.status),
        rows=found.rows,
        mapping=described.mapping or (Mapping.model_validate_json(found.asked) if found.asked else None),
        columns=described.columns,
        labels=described.labels,
        groups=described.filters,
        bad_rows=found.faults,
        bad_rows_listed=tuple(map(said, described.faults)),
        notes=tuple(map(said_note, described.notes)),
        failure=stopped or described.failure,
        runs=tuple(_run(run, described) for run in runs if run.model),
        job=found.job,
        origin=found.origin,
        created=EPOCH + timedelta(microseconds=found.created),
    )


def _run(run: DatasetRun, described: Described) -> RunOut:
    labels = tuple(json.loads(run.labels))
    found = match(described.labels, labels)
    return RunOut(
        model=run.model, digest=run.digest, labels=labels, done=run.done, explained=run.explained, job=run.job,
        matched_by=found.by, matched=dict(found.classes), unmatched=found.unmatched,
    )  # fmt: skip


def _row(row: DatasetRow) -> DataRow:
    groups = json.loads(row.groups) if row.groups else {}
    return DataRow(row.number, row.text, row.text_pair, row.label, groups, row.name, row.line)


def require(session: Session, project: str, id: str) -> Dataset:
    """The data set of that id. Raises NotFound."""
    found = datasets.find(session, project, id)
    if found is None:
        raise NotFound(f"no data set is called {id[:80]!r}", cure="GET /v1/datasets lists the data sets.")
    return found


def _cursor(store: Store, project: str, id: str) -> str:
    found = store.query(partial(require, project=project, id=id))
    return f"{found.created}-{found.serial}"


def _position(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    parts = cursor.split("-")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and len(part) <= 18 for part in parts):
        raise BadRequest(f"{cursor[:80]!r} is not a cursor", cure="Use the `next` of the previous page.")
    return int(parts[0]), int(parts[1])
