"""One pass over the texts of a command: progress on stderr, answers to stdout or a file, failures counted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .._library import explainers
from ..batches import answers
from ..batches.schemas import BatchRow
from .inputs import Row, Texts
from .output import as_json, csv_line
from .trouble import SOME_FAILED, Mistake, one_line

Style = Literal["table", "json", "csv", "parquet"]
TOGETHER = 64  # rows of a Parquet file that are written at once
Answer = Callable[[Row, Callable[..., None]], Any]


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


@contextmanager
def opened(out: Path | None) -> Iterator[IO[str]]:
    if out is None:
        yield sys.stdout
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        yield file


def run(
    texts: Texts,
    answer: Answer,
    *,
    style: Style,
    out: Path | None,
    record: Callable[[Any], dict[str, Any]],
    header: Callable[[], tuple[str, ...]],
    cells: Callable[[Any], Iterator[tuple[object, ...]]],
    show: Callable[[Console, Any], None],
    line: Callable[[int, Row, Any], BatchRow],
) -> int:
    """The exit code. A text that cannot be answered ends a single question, and is one row among many."""
    if style == "parquet":
        assert out is not None
        return _parquet(texts, answer, out=out, line=line)
    failed = 0
    with opened(out) as file, _progress(len(texts.rows)) as bar:
        console = Console(file=file)
        if style == "csv":
            file.write(csv_line(header() if texts.single else ("row", *header())))
        task = bar.add_task("", total=len(texts.rows))
        for number, row in enumerate(texts.rows):
            try:
                found = answer(row, _within(bar, task, number))
            except explainers.ExplainersError as error:
                if texts.single:
                    raise
                failed += 1
                _failure(file, style, number, row, error)
                continue
            finally:
                bar.update(task, completed=number + 1)
            if style == "json":
                mine = record(found)
                file.write(as_json(mine if texts.single else {"row": number, **mine}, indent=texts.single) + "\n")
            elif style == "csv":
                file.writelines(csv_line(line if texts.single else (number, *line)) for line in cells(found))
            else:
                show(console, found)
            file.flush()
    return _ended(failed, texts)


def _ended(failed: int, texts: Texts) -> int:
    if failed:
        print(f"whence: {failed} of {len(texts.rows)} texts could not be answered", file=sys.stderr)
    return SOME_FAILED if failed else 0


def _parquet(texts: Texts, answer: Answer, *, out: Path, line: Callable[[int, Row, Any], BatchRow]) -> int:
    """One row a text, as the results of a batch have them."""
    from ..batches.parquet import parquet_rows

    failed = 0
    waiting: list[BatchRow] = []
    with parquet_rows(out) as write, _progress(len(texts.rows)) as bar:
        task = bar.add_task("", total=len(texts.rows))
        for number, row in enumerate(texts.rows):
            try:
                waiting.append(line(number, row, answer(row, _within(bar, task, number))))
            except explainers.ExplainersError as error:
                failed += 1
                print(f"whence: row {number}: {one_line(str(error))}", file=sys.stderr)
                waiting.append(answers.failed(number, row.text, row.text_pair, error=error))
            bar.update(task, completed=number + 1)
            if len(waiting) == TOGETHER or number + 1 == len(texts.rows):
                write(waiting)
                waiting.clear()
    return _ended(failed, texts)


def _failure(file: IO[str], style: Style, number: int, row: Row, error: explainers.ExplainersError) -> None:
    message = one_line(str(error))
    if style == "json":
        problem = {"code": error.code, "detail": message}
        file.write(as_json({"row": number, "text": row.text, "error": problem}, indent=False) + "\n")
    print(f"whence: row {number}: {message}", file=sys.stderr)


def _progress(total: int) -> Progress:
    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal or total < 1)


def _within(bar: Progress, task: Any, number: int) -> Callable[..., None]:
    """The library's progress of one text, as a part of the whole."""

    def progress(done: float, note: str = "") -> None:
        bar.update(task, completed=number + min(1.0, done), description=note)

    return progress
