"""The results of a batch as one Parquet file, written a shard at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .rows import records

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
        ("values", NUMBERS),
        ("explanation", pa.string()),
        ("unit", pa.string()),
        ("features", pa.list_(pa.string())),
        ("spans", pa.list_(pa.list_(pa.int64()))),
        ("scores", NUMBERS),
        ("badge", pa.string()),
        ("error", pa.struct([("code", pa.string()), ("detail", pa.string())])),
    ]
)


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
