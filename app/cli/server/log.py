"""whence log: who did what."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...accounts.log import lines
from ..terminal.output import as_json, visible
from ..terminal.stored import Data, with_store


def log(
    project: Annotated[str | None, typer.Option(help="One project; by default all.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Newest lines at most.")] = 50,
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="A line of JSON each.")] = False,
) -> None:
    """Who did what, newest first. Texts are not in it."""
    found = with_store(data, lambda store: lines(store, project, limit=limit)).lines
    if json:
        for line in found:
            print(as_json(line.model_dump(mode="json"), indent=False))
        return
    table = Table("when", "project", "who", "by", "did", "to", "answer", box=None)
    for line in found:
        cells = (line.at.isoformat(timespec="seconds"), line.project, line.who, line.via, line.action, line.target)
        table.add_row(*map(visible, cells), str(line.status or ""))
    Console(markup=False).print(table)
