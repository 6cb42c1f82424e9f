"""Run as a process of its own: lines of JSON in, one Parquet file out."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import Any

TOGETHER = 10_000


def main() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [
            ("number", pa.int64()), ("line", pa.int64()), ("id", pa.string()), ("text", pa.string()),
            ("text_pair", pa.string()), ("label", pa.string()), ("groups", pa.map_(pa.string(), pa.string())),
            ("predicted", pa.string()), ("probability", pa.float64()), ("right", pa.bool_()), ("badge", pa.string()),
            ("explanation", pa.string()),
            ("words", pa.list_(pa.struct([("word", pa.string()), ("score", pa.float64())]))),
        ]
    )  # fmt: skip
    lines = sys.stdin.buffer
    with pq.ParquetWriter(pa.PythonFile(sys.stdout.buffer, mode="w"), schema, compression="zstd") as writer:
        while part := [_plain(json.loads(line)) for line in islice(lines, TOGETHER)]:
            writer.write_table(pa.Table.from_pylist(part, schema=schema))
    sys.stdout.flush()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        "groups": list(row["groups"].items()),
        "words": [{"word": word, "score": score} for word, score in row["words"]],
    }


if __name__ == "__main__":
    main()
