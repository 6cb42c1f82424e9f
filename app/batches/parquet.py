"""The results of a batch as one Parquet file, written a shard at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .rows import records
from .schemas import BatchRow

NUMBERS = pa.list_(pa.float64())
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("text", pa.string()),
        ("text_pair", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float64()),
        ("logits", NUMBERS),
        ("probabilities", NUMBERS),
        ("explanation", pa.string()),
        ("unit", pa.string()),
        ("features", pa.list_(pa.string())),
        ("spans", pa.list_(pa.list_(pa.int64()))),
        ("scores", NUMBERS),
        ("badge", pa.string()),
        ("error", pa.struct([("code", pa.string()), ("detail", pa.string())])),
    ]
)


@contextmanager
def parquet_rows(path: Path) -> Iterator[Callable[[Sequence[BatchRow]], None]]:
    """Takes rows for a new file, some at a time. Cut short by an error, no file is left."""
    part = path.with_name(f".{path.name}.part")
    try:
        with pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
            yield lambda rows: writer.write_table(
                pa.Table.from_pylist([row.model_dump(mode="json") for row in rows], schema=SCHEMA)
            )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_parquet(path: Path, bodies: Iterator[bytes]) -> tuple[int, int]:
    """How many rows were written, and how many of them are errors."""
    count = failed = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for body in bodies:
            found = list(records(body))
            count += len(found)
            failed += sum(record["error"] is not None for record in found)
            writer.write_table(pa.Table.from_pylist(found, schema=SCHEMA))
    return count, failed
