"""Run as a process of its own: one Parquet file in, lines of JSON out. A file made to harm ends this process alone.

The first line is {"columns": […], "rows": n, "classes": {column: names}} or {"failure": …, "cure": …}; after it comes a
list of values a row.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

MEMORY = 3 << 30  # bytes of address space
SECONDS = 1800  # of processor time
BATCH = 256


def main() -> None:
    path, (columns, unpacked, cell) = sys.argv[1], map(int, sys.argv[2:5])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _unpack(path, columns, unpacked, cell)
    except BrokenPipeError:
        pass
    except MemoryError:
        _say({"failure": "the file needs more memory than is allowed for reading it", "cure": "Send CSV or JSONL."})
    except Exception as error:
        _say({"failure": f"the file is not Parquet that can be read ({type(error).__name__})", "cure": ""})
    sys.stdout.flush()


def _unpack(path: str, columns: int, unpacked: int, cell: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    file = pq.ParquetFile(
        path, thrift_string_size_limit=10_000_000, thrift_container_size_limit=1_000_000, pre_buffer=False
    )
    metadata, names = file.metadata, file.schema_arrow.names
    if len(names) > columns or metadata.num_columns > 10 * columns:
        _say({"failure": f"the file has {metadata.num_columns:,} columns; {columns} are allowed",
              "cure": "Keep the columns needed."})  # fmt: skip
        return
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    size = sum(group.total_byte_size for group in groups)
    if size > unpacked or size < 0:
        _say({"failure": f"the unpacked file has {size:,} bytes; {unpacked:,} are allowed", "cure": "Send a part."})
        return
    simple = [name for name, field in zip(names, file.schema_arrow, strict=True) if _is_simple(field.type)]
    if len(set(names)) != len(names):
        _say({"failure": "two columns of the file have the same name", "cure": "Rename one and send it again."})
        return
    _say({"columns": names, "rows": metadata.num_rows, "classes": _classes(file.schema_arrow)})
    textual = [name for name in simple if _is_text(file.schema_arrow.field(name).type)]
    repeated = pq.ParquetFile(path, read_dictionary=textual, pre_buffer=False)  # a value said often is held once
    for batch in repeated.iter_batches(BATCH, columns=simple, use_threads=False):
        found = {name: _shortened(batch.column(name), cell).to_pylist() for name in simple}
        rows = [found.get(name, [[]] * batch.num_rows) for name in names]
        for row in zip(*rows, strict=True):
            _say([_plain(value) for value in row])


def _classes(schema: Any) -> dict[str, list[str]]:
    """The names that Hugging Face data sets store for the numbers of a ClassLabel column."""
    import pyarrow.types as types

    try:
        features = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        given = {name: feature["names"] for name, feature in features.items() if feature.get("_type") == "ClassLabel"}
    except (ValueError, LookupError, TypeError, AttributeError):  # other people's metadata
        return {}
    whole = {field.name for field in schema if types.is_integer(field.type)}
    return {
        name: found
        for name, found in given.items()
        if name in whole and isinstance(found, list) and found and all(isinstance(each, str) for each in found)
    }


def _shortened(values: Any, cell: int) -> Any:
    """No text longer than it takes to see that it is too long."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(values.type):
        return pa.DictionaryArray.from_arrays(values.indices, _shortened(values.dictionary, cell))
    return pc.utf8_slice_codeunits(values, 0, cell + 1) if _is_text(values.type) else values


def _is_simple(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return _is_simple(kind.value_type)
    return not (types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(kind) or types.is_large_string(kind))


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    return value if value is None or isinstance(value, str | int | float | bool | list) else str(value)


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main()
