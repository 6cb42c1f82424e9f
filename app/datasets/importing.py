"""From a file to the store. Runs in the job runner or on the command line; done twice it leaves the same rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, cast

from ..errors import BadFile, NotFound
from ..store.database import Store
from ..store.datasets import facts as dataset_facts
from ..store.datasets import rows as datasets
from ..store.datasets.facts import Alike, Fact
from ..store.datasets.tables import Dataset, DatasetRun
from ..store.results import now
from .reading.limits import Limits
from .reading.parsing import NoText, Parsed, Row, parse
from .reading.report import BadRows
from .reading.schemas import Fault, Form, Mapping, Note
from .schemas import Described, Failure

TOGETHER = 5_000  # rows a transaction
Progress = Callable[[float, str], None]


@dataclass
class Tally:
    """What is known of a file while it is read."""

    limits: Limits
    rows: int = 0
    bad: BadRows = field(default_factory=BadRows)
    labels: dict[str, None] = field(default_factory=dict)
    values: dict[str, dict[str, None]] = field(default_factory=dict)
    full: bool = False

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
    dataset = store.query(lambda session: datasets.find(session, project, id))
    if dataset is None:
        raise NotFound(f"no data set is called {id[:80]!r}")
    _start(store, dataset.serial)
    asked = None if dataset.asked is None else Mapping.model_validate_json(dataset.asked)
    try:
        parsed = parse(path, cast(Form, dataset.form), mapping=asked, limits=limits)
        tally = _store_rows(store, dataset, parsed, limits, progress)
        described = _described(parsed, tally)
        _store_facts(store, dataset.serial, described, tally, progress)
    except BadFile as error:
        columns = error.columns if isinstance(error, NoText) else ()
        described = Described(columns=columns, failure=Failure(detail=str(error), cure=error.cure))
        _start(store, dataset.serial)
        _finish(store, dataset.serial, "failed", described, Tally(limits))
        return described
    _finish(store, dataset.serial, "ready", described, tally)
    return described


def empty(store: Store, serial: int) -> None:
    """Removes the rows of a data set little by little, so that others can write in between."""
    while store.commit(lambda session: datasets.clear(session, serial, TOGETHER)):
        pass


def _start(store: Store, serial: int) -> None:
    store.commit(lambda session: datasets.change(session, serial, status="importing", rows=0, faults=0))
    empty(store, serial)


def _store_rows(store: Store, dataset: Dataset, parsed: Parsed, limits: Limits, progress: Progress) -> Tally:
    tally = Tally(limits)
    while values := list(islice(_values(parsed, dataset.serial, tally), TOGETHER)):
        rows, faults = tally.rows, tally.bad.count

        def write(session: Any, values: Any = values, rows: int = rows, faults: int = faults) -> None:
            datasets.add_rows(session, values)
            datasets.change(session, dataset.serial, rows=rows, faults=faults)

        store.commit(write)
        progress(0.6 * min(1.0, tally.rows * 100 / max(1, dataset.size)), f"{tally.rows:,} rows")
    if not tally.rows:
        raise BadFile(
            f"no row of the file could be read; {'; '.join(tally.bad.told(3))}",
            cure="Choose another column as the text, or mend the file.",
        )
    return tally


def _values(parsed: Parsed, serial: int, tally: Tally) -> Iterator[dict[str, Any]]:
    for found in parsed.rows:
        if isinstance(found, Fault):
            tally.bad.add(found)
            continue
        if tally.rows == tally.limits.rows:
            tally.full = True
            return
        number = tally.rows
        tally.row(found, parsed.mapping)
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


def _store_facts(store: Store, serial: int, described: Described, tally: Tally, progress: Progress) -> None:
    """A run without a model: the filters work before anything is predicted."""
    run = store.commit(lambda session: new_run(session, serial))
    for start in range(0, tally.rows, TOGETHER):

        def write(session: Any, start: int = start) -> None:
            rows = datasets.rows(session, serial, start, start + TOGETHER)
            facts = [Fact(row.number, Alike(row.label, groups=groups_of(row.groups, described))) for row in rows]
            dataset_facts.write(session, run, facts)

        store.commit(write)
        progress(0.6 + 0.4 * start / tally.rows, "")


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


def _finish(store: Store, serial: int, status: str, described: Described, tally: Tally) -> None:
    values = {"status": status, "rows": tally.rows, "faults": tally.bad.count, "described": described.model_dump_json()}
    store.commit(lambda session: datasets.change(session, serial, **values))
