"""From a file to the store. Runs in the job runner or on the command line; done twice it leaves the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy.orm import Session

from .._library import explainers
from ..errors import BadFile
from ..store.database import Store
from ..store.datasets import facts as dataset_facts
from ..store.datasets import rows as datasets
from ..store.datasets.facts import Alike, Fact
from ..store.datasets.tables import Dataset, DatasetRun
from ..store.results import now
from . import service
from .reading.faults import said
from .reading.limits import Limits
from .reading.parsing import NoText, Parsed, Row, parse
from .reading.report import BadRows
from .reading.schemas import Fault, Form, Mapping, Note
from .schemas import Described, Failure

TOGETHER = 5_000  # rows a transaction
T = TypeVar("T")
Progress = Callable[[float, str], None]


@dataclass
class Tally:
    """Counts and facts about a file while it is read."""

    limits: Limits
    rows: int = 0
    bad: BadRows = field(default_factory=BadRows)
    labels: dict[str, None] = field(default_factory=dict)
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    full: bool = False

    @property
    def read(self) -> int:
        return self.rows + self.bad.count

    @property
    def note(self) -> str:
        """The note of progress."""
        bad = self.bad.count
        return f"{self.read:,} rows, {bad:,} of them bad" if bad else f"{self.read:,} rows"

    def refuse_hopeless(self) -> None:
        """Raises BadFile where nearly every row so far is bad: the rest is hardly better."""
        if self.bad.count > self.limits.bad and self.bad.count > 10 * self.rows:
            first = said(self.bad.listed[0])
            raise BadFile(
                f"{self.bad.count:,} of the first {self.read:,} rows cannot be read, the first of them in line "
                f"{first.line:,}: {first.reason}",
                cure=first.cure,
            )

    def row(self, found: Row, mapping: Mapping) -> None:
        self.rows += 1
        if found.label is not None:
            self.labels.setdefault(found.label)
            if len(self.labels) > self.limits.labels:
                raise BadFile(
                    f"the column {mapping.label!r} has over {self.limits.labels} different values: it is no label",
                    cure="Choose another column as the label, or none.",
                )
        for name, value in found.groups.items():
            values = self.values.setdefault(name, {})
            if len(values) <= self.limits.values:
                values.setdefault(value)


def import_file(
    store: Store, project: str, id: str, path: Path, *, limits: Limits | None = None, progress: Progress
) -> Described:
    """Reads the file of a data set. A file that cannot be read leaves the data set failed, with the reason."""
    limits = limits or Limits()
    dataset = store.query(lambda session: service.require(session, project, id))
    _start(store, dataset)
    asked = None if dataset.asked is None else Mapping.model_validate_json(dataset.asked)
    try:
        parsed = parse(path, cast(Form, dataset.form), mapping=asked, limits=limits)
        tally = _store_rows(store, dataset, parsed, limits, progress)
        described = _described(parsed, tally)
        _store_facts(store, dataset, described, tally, progress)
    except BadFile as error:
        columns = error.columns if isinstance(error, NoText) else ()
        described = Described(columns=columns, failure=Failure(detail=str(error), cure=error.cure))
        _start(store, dataset)
        _finish(store, dataset, "failed", described, Tally(limits))
        return described
    except KeyboardInterrupt:
        stopped = Described(failure=Failure(detail="its reading was stopped before the end", cure="Read it again."))
        _finish(store, dataset, "failed", stopped, Tally(limits))
        raise
    _finish(store, dataset, "ready", described, tally)
    return described


def _commit(store: Store, dataset: Dataset, change: Callable[[Session], T]) -> T:
    """Stores something of a data set. Raises Cancelled where it was deleted while its file was read."""

    def unless_deleted(session: Session) -> T:
        if not datasets.is_there(session, dataset.serial, dataset.created):
            raise explainers.Cancelled("the data set was deleted while its file was read")
        return change(session)

    return store.commit(unless_deleted)


def _empty(store: Store, dataset: Dataset) -> None:
    """Removes its rows little by little, so that others can write in between."""
    while _commit(store, dataset, lambda session: datasets.clear(session, dataset.serial, TOGETHER)):
        pass


def _start(store: Store, dataset: Dataset) -> None:
    new = {"status": "importing", "rows": 0, "faults": 0}
    _commit(store, dataset, lambda session: datasets.change(session, dataset.serial, **new))
    _empty(store, dataset)


def _store_rows(store: Store, dataset: Dataset, parsed: Parsed, limits: Limits, progress: Progress) -> Tally:
    tally = Tally(limits)
    for values in _pieces(parsed, dataset.serial, tally):

        def write(session: Session, values: Any = values) -> None:
            datasets.add_rows(session, values)
            datasets.change(session, dataset.serial, rows=tally.rows, faults=tally.bad.count)

        _commit(store, dataset, write)
        progress(0.6 * min(1.0, tally.read * 100 / max(1, dataset.size)), tally.note)
        tally.refuse_hopeless()
    if not tally.rows:
        raise BadFile(
            f"no row of the file could be read; {'; '.join(tally.bad.told(3))}",
            cure="Choose another column as the text, or correct the file.",
        )
    return tally


def _pieces(parsed: Parsed, serial: int, tally: Tally) -> Iterator[list[dict[str, Any]]]:
    """The good ones among so many rows that were read; a piece may be empty."""
    found = iter(parsed.rows)
    while some := list(islice(found, TOGETHER)):
        values = list(_values(some, parsed.mapping, serial, tally))
        yield values
        if tally.full:
            return


def _values(some: list[Row | Fault], mapping: Mapping, serial: int, tally: Tally) -> Iterator[dict[str, Any]]:
    for found in some:
        if isinstance(found, Fault):
            tally.bad.add(found)
            continue
        if tally.rows == tally.limits.rows:
            tally.full = True
            return
        number = tally.rows
        tally.row(found, mapping)
        yield {
            "dataset": serial, "number": number, "line": found.line, "name": found.name, "text": found.text,
            "text_pair": found.text_pair, "label": found.label,
            "groups": json.dumps(found.groups, ensure_ascii=False) if found.groups else None,
        }  # fmt: skip


def _described(parsed: Parsed, tally: Tally) -> Described:
    filters = {
        name: tuple(sorted(tally.values.get(name, ())))
        for name in parsed.mapping.groups
        if len(tally.values.get(name, ())) <= tally.limits.values
    }
    # Every combination may occur: the columns with the most values go until the rest can be counted.
    while _combinations(filters) > tally.limits.strata:
        del filters[max(filters, key=lambda name: len(filters[name]))]
    notes = [*parsed.notes]
    notes += [Note(code="not_filterable", value=name) for name in parsed.mapping.groups if name not in filters]
    if tally.full:
        notes.append(Note(code="more_rows", value=f"{tally.rows:,}"))
    return Described(
        columns=parsed.columns, mapping=parsed.mapping, labels=tuple(sorted(tally.labels)), filters=filters,
        faults=tuple(tally.bad.listed), notes=tuple(notes),
    )  # fmt: skip


def _combinations(filters: dict[str, tuple[str, ...]]) -> int:
    product = 1
    for values in filters.values():
        product *= len(values) + 1  # or none
    return product


def _store_facts(store: Store, dataset: Dataset, described: Described, tally: Tally, progress: Progress) -> None:
    """A run without a model: the filters work before anything is predicted."""
    run = _commit(store, dataset, lambda session: new_run(session, dataset.serial))
    for start in range(0, tally.rows, TOGETHER):

        def write(session: Any, start: int = start) -> None:
            rows = datasets.rows(session, dataset.serial, start, start + TOGETHER)
            facts = [Fact(row.number, Alike(row.label, groups=groups_of(row.groups, described))) for row in rows]
            dataset_facts.write(session, run, facts)

        _commit(store, dataset, write)
        progress(0.6 + 0.4 * start / tally.rows, tally.note)


def new_run(session: Any, serial: int, *, model: str = "", digest: str = "", labels: tuple[str, ...] = ()) -> int:
    """The run of a model over a data set, which there is once."""
    known = datasets.find_run(session, serial, model, digest)
    if known is None:
        known = DatasetRun(
            dataset=serial, model=model, digest=digest, labels=json.dumps(labels), done=0, explained=0, created=now()
        )
        session.add(known)
        session.flush()
    return int(known.serial)


def groups_of(stored: str | None, described: Described) -> tuple[tuple[str, str], ...]:
    """The values of the groups that one can filter by."""
    found = json.loads(stored) if stored else {}
    return tuple(sorted((name, value) for name, value in found.items() if name in described.filters))


def _finish(store: Store, dataset: Dataset, status: str, described: Described, tally: Tally) -> None:
    values = {"status": status, "rows": tally.rows, "faults": tally.bad.count, "described": described.model_dump_json()}
    _commit(store, dataset, lambda session: datasets.change(session, dataset.serial, **values))
