"""Parquet, read by a process of its own whose memory is bounded: a small file may unpack to more than there is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ....errors import BadFile
from ..limits import Limits
from ..records import UNREADABLE, Entry, Opened, column_names
from ..schemas import Fault, Note
from .decoding import Source

PACKAGE = __package__
ROOT = Path(__file__).resolve().parents[len(PACKAGE.split("."))]
NO_CLASS = -1  # of Hugging Face data sets: the row has no label
CURE = "Write it again with pandas or pyarrow, or send CSV or JSONL."


def open_parquet(source: Source, limits: Limits, named: Collection[str] = ()) -> Opened:
    """Raises BadFile."""
    if isinstance(source, bytes):
        raise BadFile("Parquet is read from a file, not from a pipe", cure="Name the file.")
    lines = _unpacked(source, limits)
    head = next(lines, None)
    if not isinstance(head, dict):
        raise BadFile("the file is not Parquet that can be read", cure=CURE)
    if "failure" in head:
        raise BadFile(head["failure"], cure=head["cure"] or CURE)
    names, notes = column_names(head["columns"], limits)
    classes = {names[at]: found for at, raw in enumerate(head["columns"]) if (found := head["classes"].get(raw))}
    notes += tuple(
        Note(code="class_names", value=f"{name}: {', '.join(found)[:200]}") for name, found in classes.items()
    )
    return Opened(names, _named(_entries(lines, names, head["rows"], limits), classes), notes)


def _named(entries: Iterator[Entry | Fault], classes: Mapping[str, Sequence[str]]) -> Iterator[Entry | Fault]:
    """Numbers of classes replaced by the names that the file itself gives them."""
    for entry in entries:
        yield entry if isinstance(entry, Fault) or not classes else _with_names(entry, classes)


def _with_names(entry: Entry, classes: Mapping[str, Sequence[str]]) -> Entry | Fault:
    found = dict(entry.values)
    for column, names in classes.items():
        number = entry.values[column]
        if number is None or number == NO_CLASS:
            found[column] = None
        elif not 0 <= number < len(names):
            return Fault(line=entry.line, code="no_class", value=f"{number}")
        else:
            found[column] = names[number]
    return Entry(entry.line, found)


def _entries(lines: Iterator[Any], names: tuple[str, ...], rows: int, limits: Limits) -> Iterator[Entry | Fault]:
    line = 0
    for values in lines:
        if isinstance(values, dict):
            raise BadFile(f"after row {line:,}: {values['failure']}", cure=values["cure"] or CURE)
        line += 1
        yield _entry(line, dict(zip(names, values, strict=True)), limits)
    if line != rows:
        raise BadFile(
            f"the file ended after row {line:,} of {rows:,}: it is damaged or needs too much memory", cure=CURE
        )


def _entry(line: int, values: dict[str, Any], limits: Limits) -> Entry | Fault:
    for value in values.values():
        if isinstance(value, str) and UNREADABLE.search(value):
            return Fault(line=line, code="nul")
        if isinstance(value, str) and len(value) > limits.cell:
            return Fault(line=line, code="long_cell", value=f"{limits.cell:,}")
    return Entry(line, values)


def _unpacked(path: Path, limits: Limits) -> Iterator[Any]:
    """Yield the lines of the process that unpacks; it ends with the iterator. Raises BadFile over the unpacked size."""
    numbers = map(str, (limits.columns, limits.unpacked, limits.cell))
    command = [sys.executable, "-m", f"{PACKAGE}.unpack", str(path.resolve()), *numbers]
    environment = {"PYTHONPATH": str(ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(  # noqa: S603 - our own module, and a path that we chose
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    assert process.stdout is not None
    read = 0
    try:
        while line := process.stdout.readline(limits.unpacked):
            read += len(line)
            if read > limits.unpacked:
                raise BadFile(f"the unpacked file has over {limits.unpacked:,} bytes", cure="Send a part of it.")
            try:
                yield json.loads(line)
            except ValueError:  # it was ended in the middle of a line
                return
    finally:
        process.kill()
        with suppress(OSError):
            process.stdout.close()
        process.wait()
