"""Rows as files, written while they are sent. Parquet is made by a process of its own: pyarrow stays out of web."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from itertools import islice
from threading import Lock, Thread
from typing import Any

import anyio.to_thread

from ..errors import EngineBusy
from ..explain.draw.export import safe_cells
from .reading.parquet import ROOT
from .schemas import RowOut

MEDIA = {"jsonl": "application/x-ndjson", "csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
COLUMNS = ("number", "line", "id", "text", "text_pair", "label", "groups", "predicted", "probability", "right", "badge",
           "explanation", "words")  # fmt: skip
TOGETHER = 500
CHUNK = 1 << 16
_ONE_PARQUET = Lock()


async def jsonl(rows: Iterator[RowOut]) -> AsyncIterator[bytes]:
    async for part in _parts(rows):
        yield b"".join(row.model_dump_json().encode() + b"\n" for row in part)


async def csv_file(rows: Iterator[RowOut]) -> AsyncIterator[bytes]:
    """Text that a spreadsheet would run as a formula is prefixed with an apostrophe."""
    yield _csv([COLUMNS])
    async for part in _parts(rows):
        yield _csv(map(_cells, part))


async def parquet(rows: Iterator[RowOut]) -> AsyncIterator[bytes]:
    """One at a time."""
    while not _ONE_PARQUET.acquire(blocking=False):
        await anyio.sleep(0.2)
    process: subprocess.Popen[bytes] | None = None
    try:
        process = await anyio.to_thread.run_sync(_start)
        Thread(target=_feed, args=(process, rows), daemon=True).start()
        assert process.stdout is not None
        while part := await anyio.to_thread.run_sync(os.read, process.stdout.fileno(), CHUNK):
            yield part
    finally:
        if process is not None and process.stdout is not None:
            process.kill()
            process.wait()
            process.stdout.close()
        _ONE_PARQUET.release()


def refuse_while_busy(ending: str) -> None:
    """Raises EngineBusy while another Parquet file is written: a process is as large as the web process."""
    if ending == "parquet" and _ONE_PARQUET.locked():
        raise EngineBusy("another Parquet file is being written", cure="Ask again in a while, or take JSON lines.")


WRITERS: dict[str, Callable[[Iterator[RowOut]], AsyncIterator[bytes]]] = {
    "jsonl": jsonl,
    "csv": csv_file,
    "parquet": parquet,
}


async def _parts(rows: Iterator[RowOut]) -> AsyncIterator[list[RowOut]]:
    while part := await anyio.to_thread.run_sync(lambda: list(islice(rows, TOGETHER))):
        yield part


def _cells(row: RowOut) -> list[object]:
    groups = json.dumps(row.groups, ensure_ascii=False) if row.groups else ""
    words = " ".join(f"{word} {score:+.3f}" for word, score in row.words)
    plain = row.model_dump() | {"groups": groups, "words": words}
    return safe_cells("" if plain[name] is None else plain[name] for name in COLUMNS)


def _csv(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", f"{__package__}.pack"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env={"PYTHONPATH": str(ROOT), "ARROW_DEFAULT_MEMORY_POOL": "system"},
    )  # fmt: skip


def _feed(process: subprocess.Popen[bytes], rows: Iterator[RowOut]) -> None:
    assert process.stdin is not None
    try:
        for row in rows:
            process.stdin.write(row.model_dump_json().encode() + b"\n")
    except (BrokenPipeError, ValueError):  # whoever asked is gone
        pass
    except BaseException:
        process.kill()  # half a file must not look whole
        raise
    finally:
        with suppress(OSError):
            process.stdin.close()
