"""How far a long command is, on stderr: a bar for a person, a line a step for a log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ..._library import explainers

DIGITS = re.compile(r"\d+")


@contextmanager
def bar(title: str) -> Iterator[explainers.Progress]:
    """A function to call with the share done and a note."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as shown:
        task = shown.add_task(title, total=1.0)

        def progress(done: float, note: str = "") -> None:
            shown.update(task, completed=done, description=note or title)

        yield progress


def _lines(console: Console) -> explainers.Progress:
    """A line whenever another step begins or, within one that counts, another percent is done."""
    last = ("", "")

    def progress(done: float, note: str = "") -> None:
        nonlocal last
        step = (f"{done:.0%}", DIGITS.sub("", note))
        if note and step != last:
            last = step
            console.print(f"{done:4.0%} {note}", markup=False, highlight=False, soft_wrap=True)

    return progress
