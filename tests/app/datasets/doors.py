"""Random tables, written as people's programs write them and read by every door: the same rows, every lost one counted.

`python -m tests.app.datasets.doors 2000` tries so many and tells what was tried (`500 7`: 500 tables of seed 7); the
suite tries a few.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from app.audit.data.files import Columns, rows_of
from app.cli.terminal.inputs import read_texts
from app.datasets import service
from app.datasets.reading.schemas import Mapping
from app.settings import Settings
from app.store.database import Store, open_store
from app.train.data import BadData, read
from app.train.plan import Source
from tests.app.datasets.given import PROJECT, imported

LONGEST = 20_000  # characters of a text that is read
Cell = str | int | float | bool | None
Rows = list[tuple[str, str | None, str | None]]  # text, label, group


@dataclass(frozen=True)
class Table:
    """Columns of the same length; `other` is in the file and in nobody's use."""

    text: list[str | None]
    label: list[Cell]
    group: list[str | None]
    other: list[Cell]

    def columns(self) -> dict[str, list[Any]]:
        return {"text": self.text, "other": self.other, "group": self.group, "label": self.label}


READABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
ODD = st.sampled_from(
    ['"', '""', ",", ";", "\t", "|", "\n", "\r\n", "a\rb", "\u2028", "\x85", "\x0b", "'", "\ufeff", " ", "NA", "null",
     "好", "sep=;", '"a","b"', "1.0", "=1+1", "\\", "\\n", "👍🏽", "e\u0301"]
)  # fmt: skip
TEXTS = st.one_of(
    st.text(READABLE, max_size=30),
    st.lists(st.one_of(ODD, st.text(READABLE, max_size=8)), max_size=8).map("".join),
    st.sampled_from([None, "", "  ", "NA", "null", "nan", "None", "text", "x" * 20_001, "好" * 100_001, "y" * 20_000]),
)
NAMES = ["positive", "Negative", "NA", "null", "none", "a; b", 'said "so"', "1.0", "01", "正面", "two words", "TRUE"]
GROUPS = st.sampled_from(["f", "m", "NA", "unknown", "x|y", "a, b", 'q"', None, "", " ", "2.0"])


def _labels(count: int) -> st.SearchStrategy[list[Cell]]:
    kinds: list[st.SearchStrategy[Any]] = [
        st.sampled_from(NAMES), st.integers(-2, 5), st.booleans(), st.sampled_from([0.0, 1.0, 2.0, 0.5])
    ]  # fmt: skip
    return st.one_of([st.lists(st.one_of(kind, st.none()), min_size=count, max_size=count) for kind in kinds])


@st.composite
def tables(draw: st.DrawFn) -> Table:
    count = draw(st.integers(1, 12))
    column = lambda cell: draw(st.lists(cell, min_size=count, max_size=count))  # noqa: E731
    text = column(TEXTS)
    if not any(text_is_read(each) for each in text):
        text[0] = "a text that can be read"
    return Table(text, draw(_labels(count)), column(GROUPS), column(st.one_of(st.none(), st.floats(width=32))))


def text_is_read(text: str | None) -> bool:
    return text is not None and bool(text.strip()) and len(text) <= LONGEST


def spelled(cell: Cell) -> str | None:
    """A label or group as every door gives it."""
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else str(cell)
    known = {"1.0": "1", "2.0": "2", "TRUE": "true"}
    return known.get(str(cell).strip(), str(cell).strip())


def expected(table: Table) -> tuple[Rows, int]:
    """The rows, and how many cannot be read."""
    rows = [
        (text, spelled(label), spelled(group))
        for text, label, group in zip(table.text, table.label, table.group, strict=True)
        if text is not None and text_is_read(text)
    ]
    return rows, len(table.text) - len(rows)


def _csv(table: Table, *, separator: str, end: str, quoting: int = csv.QUOTE_MINIMAL, first: str = "") -> str:
    out = io.StringIO()
    out.write(first)
    writer = csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    columns = table.columns()
    writer.writerows([list(columns), *zip(*columns.values(), strict=True)])
    return out.getvalue()


def _pandas_csv(table: Table, *, separator: str, encoding: str = "utf-8") -> bytes:
    return _frame(table).to_csv(index=False, sep=separator).encode(encoding)


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame(table.columns())


def _arrow(table: Table) -> pa.Table:
    return pa.table({name: pa.array(cells, from_pandas=False) for name, cells in table.columns().items()})


def _arrow_csv(table: Table) -> bytes:
    out = io.BytesIO()
    pyarrow.csv.write_csv(_arrow(table), out)
    return out.getvalue()


def _parquet(write: Callable[[io.BytesIO], Any]) -> bytes:
    out = io.BytesIO()
    write(out)
    return out.getvalue()


def _json_lines(table: Table) -> bytes:
    columns = table.columns()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


SEPARATOR = "sep=;\r\n"
WRITERS: dict[str, tuple[str, Callable[[Table], bytes]]] = {
    "csv": ("a.csv", lambda table: _csv(table, separator=",", end="\r\n").encode()),
    "csv, new lines": ("a.csv", lambda table: _csv(table, separator=",", end="\n").encode()),
    "csv, all quoted": ("a.csv", lambda table: _csv(table, separator="|", end="\n", quoting=csv.QUOTE_ALL).encode()),
    "tabs": ("a.tsv", lambda table: _csv(table, separator="\t", end="\n").encode()),
    "Excel": ("a.csv", lambda table: _csv(table, separator=";", end="\r\n").encode("utf-8-sig")),
    "Excel, sep=": ("a.csv", lambda table: _csv(table, separator=";", end="\r\n", first=SEPARATOR).encode("utf-8-sig")),
    "Excel, Unicode text": ("a.csv", lambda table: _csv(table, separator="\t", end="\r\n").encode("utf-16")),
    "pandas csv": ("a.csv", lambda table: _pandas_csv(table, separator=",")),
    "pandas csv, utf-8-sig": ("a.csv", lambda table: _pandas_csv(table, separator=";", encoding="utf-8-sig")),
    "pandas json": ("a.jsonl", lambda table: _frame(table).to_json(orient="records", lines=True).encode()),
    "pandas parquet": ("a.parquet", lambda table: _parquet(lambda out: _frame(table).to_parquet(out))),
    "json": ("a.jsonl", _json_lines),
    "pyarrow csv": ("a.csv", _arrow_csv),
    "pyarrow parquet": ("a.parquet", lambda table: _parquet(lambda out: pq.write_table(_arrow(table), out))),
}  # fmt: skip


def by_dataset(store: Store, path: Path, folder: Path) -> tuple[Rows, int]:
    mapping = Mapping(text="text", label="label", groups=("group",))
    found = imported(store, folder, path.read_bytes(), name=path.name, mapping=mapping)
    assert found.status == "ready", found.failure
    rows = service.rows(store, PROJECT, found.id, 0, 1000)
    return [(row.text, row.label, row.groups.get("group")) for row in rows], found.bad_rows


def by_command(path: Path) -> tuple[list[str], int]:
    rows = read_texts(str(path), form=None, column="text", pair=None, pair_column="text_pair").rows
    return [row.text for row in rows if row.fault is None], sum(row.fault is not None for row in rows)


def by_training(path: Path, labels: list[str]) -> tuple[list[tuple[str, str]], int, int]:
    """The rows with a label, how many have none, how many cannot be read."""
    examples, record = read(Source(reader="table", path=path.name), path.parent, labels)
    return [(each.text, labels[each.label]) for each in examples], record.unlabelled, record.bad_rows


def by_audit(path: Path) -> tuple[Rows, int]:
    rows, facts = rows_of(path, Columns(text="text", label="label", groups=("group",)))
    return [(row["text"], row["label"] or None, row["group"] or None) for row in rows], facts["bad_rows"]


def check(table: Table, writer: str, store: Store, folder: Path) -> None:
    """Every door gives the rows that were written, and counts the others."""
    name, write = WRITERS[writer]
    path = folder / name
    path.write_bytes(write(table))
    rows, bad = expected(table)
    labelled = [(text, label) for text, label, _ in rows if label is not None]

    assert by_dataset(store, path, folder) == (rows, bad)
    assert by_command(path) == ([text for text, _, _ in rows], bad)
    assert by_audit(path) == (rows, bad)
    if labelled:
        names = sorted({label for _, label in labelled})
        assert by_training(path, names) == (labelled, len(rows) - len(labelled), bad)
    else:
        try:
            by_training(path, ["a"])
            raise AssertionError("rows without a label were learned from")
        except BadData as error:
            assert "no row has a text and a label" in str(error)  # noqa: PT017 - runs without pytest, too


def main(count: int, start: int = 0) -> None:
    tried: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        store = open_store(Settings(data=Path(name) / "data"))

        @seed(start)
        @settings(
            max_examples=count, deadline=None, database=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )  # fmt: skip
        @given(tables(), st.sampled_from(sorted(WRITERS)))
        def every(table: Table, writer: str) -> None:
            check(table, writer, store, Path(name))
            tried[writer] += 1
            rows, bad = expected(table)
            lost.update(rows=len(rows), bad=bad)
            if sum(tried.values()) % 50 == 0:
                print(f"{sum(tried.values()):,}", flush=True)

        every()
        store.close()
    print(f"{sum(tried.values()):,} tables, {lost['rows']:,} rows read, {lost['bad']:,} counted as bad, by four doors")
    for writer, times in sorted(tried.items()):
        print(f"{times:6,}  {writer}")


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:]))
