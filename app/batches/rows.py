"""Rows of a batch as they are stored: lines of JSON, compressed, one pack for a shard."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

import zstandard

from ..explain.ask.answers import BatchRow
from ..explain.draw.export import safe_cells

COLUMNS = (
    "row", "text", "text_pair", "label", "probability", "explanation", "unit", "badge", "features", "scores", "error",
)  # fmt: skip


def packed(rows: Iterable[BatchRow]) -> bytes:
    return zstandard.compress("".join(f"{row.model_dump_json()}\n" for row in rows).encode(), 3)


def lines(body: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(body)


def records(body: bytes) -> Iterator[dict[str, Any]]:
    for line in lines(body).splitlines():
        yield json.loads(line)


def csv_head() -> bytes:
    return _csv([COLUMNS])


def csv_lines(body: bytes) -> bytes:
    """Lists as JSON in a cell; what a spreadsheet would run as a formula is prefixed."""
    return _csv([_cell(record[name]) for name in COLUMNS] for record in records(body))


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _csv(table: Iterable[Iterable[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(safe_cells(cells) for cells in table)
    return out.getvalue().encode()
