"""whence train: an adapter from a plan, with its model card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..settings import Settings
from ..train.data import FileRecord, missing_files, survey
from ..train.plan import Plan, embedded_plans, find_plan
from .terminal.output import visible
from .terminal.trouble import Mistake, refuse_used


def train(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A TOML file, or the name of an embedded plan.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where the plan's files lie.")] = Path("data"),
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to write.  [default: models/PLAN]")] = None,
) -> None:
    """Fit an adapter to labelled texts, judge it on texts it has not seen, and write its card."""
    chosen = _plan(plan)
    if missing := missing_files(chosen, data):
        raise Mistake(f"{chosen.name} needs {', '.join(missing)} below {data}; give their folder with --data")
    target = out or Path("models") / chosen.name
    refuse_used(target)
    console = Console(stderr=True)
    for record in survey(chosen, data):
        _tell_left_out(console, record)
    bars = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console) as bar:
        task = bar.add_task("reading", total=1.0)

        def progress(done: float, note: str = "") -> None:
            bar.update(task, completed=done, description=note)

        from ..train.service import train as run

        card = run(chosen, data=data, out=target, on_cpu=Settings().device == "cpu", progress=progress)
    table = Table("judged on", "figure", "value", "95 % interval", "texts", box=None)
    for figure in card["figures"]:
        interval = f"{figure['low']:.3f}-{figure['high']:.3f}"
        table.add_row(figure["name"], figure["metric"], f"{figure['value']:.3f}", interval, str(figure["texts"]))
    Console().print(table)
    print(f"The adapter and its card lie in {target}")


def _tell_left_out(console: Console, record: FileRecord) -> None:
    for why, n in record.left_out.items():
        reason = "could not be read" if why == "bad_rows" else "have no label"
        console.print(f"{record.path}: {n:,} rows {reason} and are left out", markup=False, highlight=False)
    for line in record.bad:
        console.print(visible(f"{record.path}, {line}"), markup=False, highlight=False, soft_wrap=True)


def _plan(given: str) -> Plan:
    path = find_plan(given)
    if path is None:
        raise Mistake(f"{given} is neither a file nor an embedded plan; there are {', '.join(embedded_plans())}")
    return Plan.read(path)
