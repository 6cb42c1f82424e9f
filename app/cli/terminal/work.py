"""One pass over the texts of a command: progress on stderr, answers to stdout or a file, failures counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..._library import explainers
from ...batches.rows import packed
from ...explain.ask import answers
from ...explain.ask.answers import BatchRow
from .inputs import Row, Texts
from .output import as_json, csv_line
from .shards import Shard, Shards, key_of, whole
from .trouble import SOME_FAILED, Mistake, one_line

Style = Literal["table", "json", "csv", "parquet"]
Answer = Callable[[Row, Callable[..., None]], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """How a command's answers are written. asked: everything they depend on beside the texts, as JSON values."""

    asked: Any
    record: Callable[[Any], dict[str, Any]]
    header: Callable[[], tuple[str, ...]]
    cells: Callable[[Any], Iterator[tuple[object, ...]]]
    show: Callable[[Console, Any], None]
    line: Callable[[int, Row, Any], BatchRow]


def style_of(*, json: bool, csv: bool, out: Path | None) -> Style:
    """By flag, else by the ending of --out."""
    if json and csv:
        raise Mistake("--json and --csv exclude each other")
    if csv or (out is not None and not json and out.suffix.lower() == ".csv"):
        return "csv"
    if out is not None and not json and out.suffix.lower() == ".parquet":
        return "parquet"
    if json or (out is not None and out.suffix.lower() in (".json", ".jsonl", ".ndjson")):
        return "json"
    if out is not None:
        raise Mistake(f"{out}: name it .json, .jsonl, .csv or .parquet, or add --json or --csv")
    return "table"


def run(texts: Texts, answer: Answer, *, style: Style, out: Path | None, forms: Forms) -> int:
    """The exit code. A text that cannot be answered ends a single question, and is one row among many."""
    if texts.single and style != "parquet":
        return _one(texts.rows[0], answer, style=style, out=out, forms=forms)
    if out is not None:
        return _into_file(texts, answer, style=style, out=out, forms=forms)
    if style == "csv":
        sys.stdout.write(csv_line(("row", *forms.header())))
    failed = 0
    for number, row, found in _answered(texts, answer, start=0):
        failed += isinstance(found, explainers.ExplainersError)
        if style == "table" and not isinstance(found, explainers.ExplainersError):
            forms.show(Console(file=sys.stdout), found)
        else:
            sys.stdout.write(_written(style, number, row, found, forms=forms))
        sys.stdout.flush()
    return _ended(failed, texts)


def _one(row: Row, answer: Answer, *, style: Style, out: Path | None, forms: Forms) -> int:
    with _progress(1) as bar:
        found = answer(row, _within(bar, bar.add_task("", total=1), 0))
    if style == "table":
        forms.show(Console(file=sys.stdout), found)
        return 0
    table = (forms.header(), *forms.cells(found)) if style == "csv" else ()
    text = "".join(map(csv_line, table)) if style == "csv" else as_json(forms.record(found), indent=True) + "\n"
    if out is None:
        sys.stdout.write(text)
    else:
        whole(out, lambda part: part.write_bytes(text.encode()))
    return 0


def _into_file(texts: Texts, answer: Answer, *, style: Style, out: Path, forms: Forms) -> int:
    """Goes on behind what an earlier run with the same texts and settings has kept."""
    shards = Shards(out, key_of(style, forms.asked, [row.stamp for row in texts.rows]))
    start = failed = 0
    for stored in shards.stored():
        start, failed = stored.stop, failed + stored.failed
    if start:
        print(
            f"whence: {start} of {len(texts.rows)} texts were answered before; continuing after them", file=sys.stderr
        )
    waiting: list[tuple[int, Row, Any]] = []
    for each in _answered(texts, answer, start=start):
        waiting.append(each)
        if shards.due(len(waiting)) or each[0] + 1 == len(texts.rows):
            shard = _shard(waiting, style=style, forms=forms)
            shards.keep(shard)
            failed += shard.failed
            waiting.clear()
    shards.finish(_file_of(style, forms))
    return _ended(failed, texts)


def _shard(rows: list[tuple[int, Row, Any]], *, style: Style, forms: Forms) -> Shard:
    failed = sum(isinstance(found, explainers.ExplainersError) for _, _, found in rows)
    if style == "parquet":
        body = packed(
            answers.failed(number, row.text, row.text_pair, error=found)
            if isinstance(found, explainers.ExplainersError)
            else forms.line(number, row, found)
            for number, row, found in rows
        )
    else:
        body = "".join(_written(style, *each, forms=forms) for each in rows).encode()
    return Shard(rows[0][0], rows[-1][0] + 1, failed, body)


def _file_of(style: Style, forms: Forms) -> Callable[[Path, Iterator[bytes]], Any]:
    if style == "parquet":
        from ...batches.parquet import write_parquet

        return write_parquet

    def write(path: Path, bodies: Iterator[bytes]) -> None:
        with path.open("wb") as file:
            if style == "csv":
                file.write(csv_line(("row", *forms.header())).encode())
            file.writelines(bodies)

    return write


def _answered(texts: Texts, answer: Answer, *, start: int) -> Iterator[tuple[int, Row, Any]]:
    """Number, text and answer, or the error, of each row from `start` on."""
    with _progress(len(texts.rows)) as bar:
        task = bar.add_task("", total=len(texts.rows), completed=start)
        for number, row in enumerate(texts.rows[start:], start=start):
            found: Any
            try:
                if row.fault is not None:
                    raise explainers.BadInput(row.fault)
                found = answer(row, _within(bar, task, number))
            except explainers.ExplainersError as error:
                if texts.single:
                    raise
                print(f"whence: row {number}: {one_line(str(error))}", file=sys.stderr)
                found = error
            bar.update(task, completed=number + 1)
            yield number, row, found


def _written(style: Style, number: int, row: Row, found: Any, *, forms: Forms) -> str:
    """One result as JSON or CSV. An error is a line of JSON; a table of numbers has no place for it."""
    if isinstance(found, explainers.ExplainersError):
        problem = {"code": found.code, "detail": one_line(str(found))}
        return (
            as_json({"row": number, "text": row.text, "error": problem}, indent=False) + "\n" if style == "json" else ""
        )
    if style == "json":
        return as_json({"row": number, **forms.record(found)}, indent=False) + "\n"
    return "".join(csv_line((number, *cells)) for cells in forms.cells(found))


def _ended(failed: int, texts: Texts) -> int:
    if failed:
        print(f"whence: {failed} of {len(texts.rows)} texts could not be answered", file=sys.stderr)
    return SOME_FAILED if failed else 0


def _progress(total: int) -> Progress:
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal or total < 1)


def _within(bar: Progress, task: Any, number: int) -> Callable[..., None]:
    """The library's progress of one text, as a part of the whole."""

    def progress(done: float, note: str = "") -> None:
        bar.update(task, completed=number + min(1.0, done), description=note)

    return progress
