"""A store with a data set in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.datasets import importing, service
from app.datasets.reading.parsing import form_of
from app.datasets.reading.schemas import Mapping
from app.datasets.schemas import DatasetOut, Described
from app.datasets.uploads import upload_of
from app.store.database import Store
from app.store.datasets import facts as dataset_facts
from app.store.datasets.facts import Fact

PROJECT = "default"
REVIEWS = b"""text,label,product
a gorgeous film,positive,film
a dull film,negative,film
good shoes,positive,shoes
"bad, bad shoes",negative,shoes
not good,negative,film
"""


def imported(
    store: Store, folder: Path, content: bytes = REVIEWS, *, name: str = "reviews.csv", mapping: Mapping | None = None,
    **asked: Any,
) -> DatasetOut:  # fmt: skip
    """A data set whose file was read."""
    source = folder / "given"
    source.write_bytes(content)
    form = form_of(source, name)
    made = service.add(store, PROJECT, upload_of(source, limit=1 << 30), name=name, form=form, mapping=mapping)
    described(store, made.id, source, **asked)
    return service.find(store, PROJECT, made.id)


def described(store: Store, id: str, path: Path, **asked: Any) -> Described:
    return importing.import_file(store, PROJECT, id, path, progress=lambda done, note="": None, **asked)


def run_with(store: Store, rows: int, facts: Sequence[Fact]) -> tuple[int, int]:
    """A data set of `rows` short texts and a run of a model over them: serial numbers of both."""
    from app.store.datasets import rows as datasets

    def write(session: Any) -> tuple[int, int]:
        made = datasets.add(
            session, PROJECT, "set", name="set", form="csv", file="f", size=1, status="ready", asked=None,
            described=Described().model_dump_json(),
        )  # fmt: skip
        values = [
            {"dataset": made.serial, "number": k, "line": k, "name": None,
             "text": f"text {k} {'needle' * (k % 3 == 0)}", "text_pair": None, "label": None, "groups": None}
            for k in range(rows)
        ]  # fmt: skip
        datasets.add_rows(session, values)
        run = importing.new_run(session, made.serial, model="sentiment", digest="d", labels=("no", "yes"))
        dataset_facts.write(session, run, facts)
        return made.serial, run

    return store.commit(write)
