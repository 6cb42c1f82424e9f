"""whence selftest: does each method find what was planted?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from .._library import explainers
from .terminal.output import as_json
from .terminal.progress import bar
from .terminal.trouble import SOME_FAILED

TASKS = ("word", "both", "pair")


def selftest(
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the table as JSON.")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="Models trained for each task.")] = 3,
) -> int:
    """Train small models with known deciding words and score every method on finding them."""
    with bar("training") as progress:
        table = explainers.run_selftest(seeds=seeds, progress=progress)
    if json is not None:
        json.write_text(as_json(table, indent=True) + "\n", encoding="utf-8")
    console = Console()
    shown = Table("method", *TASKS, box=None, padding=(0, 1))
    for name, found in table["methods"].items():
        shown.add_row(name, *("–" if found[task] is None else f"{found[task]:.3f}" for task in TASKS))
    console.print(shown)
    console.print(
        f"AUPRC over {table['texts']} texts for each of {table['seeds']} models a task, {table['players']} words each"
    )
    console.print()
    _show_answers(console, table["answers"])
    failed = explainers.missed(table)
    for line in failed:
        console.print(line, style="red")
    return SOME_FAILED if failed else 0


def _show_answers(console: Console, answers: Mapping[str, Mapping[str, float]]) -> None:
    """The table of language models: tasks as columns."""
    shown = Table("language models", *answers, box=None, padding=(0, 1))
    for name in next(iter(answers.values())):
        shown.add_row(name, *(f"{found[name]:.3f}" for found in answers.values()))
    console.print(shown)
    console.print("AUPRC of the word of the prompt that each word of the answer comes from")
