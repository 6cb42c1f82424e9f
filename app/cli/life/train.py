"""whence train: a model from a plan, one way or several side by side, with its model card."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from ...settings import Settings
from ...train.data import FileRecord, missing_files, survey
from ...train.plan import Method, Plan, embedded_plans, find_plan
from ..terminal.output import visible
from ..terminal.trouble import Mistake, refuse_used


def train(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A TOML file, or the name of an embedded plan.")],
    data: Annotated[Path, typer.Option(metavar="DIR", help="Where the plan's files lie.")] = Path("data"),
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to write.  [default: models/PLAN]")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="full, lora or frozen, in place of the plan's; given again, each way below --out."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the plan's: a seed twin.")] = None,
) -> None:
    """Fit a classifier to labelled texts, judge it on texts it has not seen, and write its card."""
    plans = _plans(_plan(plan), tuple(dict.fromkeys(method or ())), seed)
    if missing := missing_files(plans[0], data):
        raise Mistake(f"{plans[0].name} needs {', '.join(missing)} below {data}; give their folder with --data")
    target = out or Path("models") / plans[0].name
    parts = target.with_name(f"{target.name}.part")  # checkpoints: a run that was cut short is taken up
    _claim(parts, target, plans, data)
    console = Console(stderr=True)
    for record in survey(plans[0], data):
        _tell_left_out(console, record)
    cards = []
    for each in plans:
        folder = target if len(plans) == 1 else target / each.method
        cards.append(_made(each, data, folder, parts / each.method, console))
        print(f"The model and its card lie in {folder}")
    shutil.rmtree(parts)
    Console(markup=False).print(_table(cards))


def _claim(parts: Path, target: Path, plans: Sequence[Plan], data: Path) -> None:
    """Raises Mistake for a target that is used, unless this very run was cut short."""
    asked = json.dumps({"plans": [plan.model_dump(mode="json") for plan in plans], "data": str(data.resolve())})
    written = parts / "run.json"
    if not any(path.is_file() and path != written for path in parts.rglob("*")):  # nothing was done in it yet
        refuse_used(target)
        parts.mkdir(parents=True, exist_ok=True)
        written.write_text(asked, encoding="utf-8")
    elif not written.is_file() or written.read_text(encoding="utf-8") != asked:
        raise Mistake(f"{parts} holds the checkpoints of another plan, seed or data; remove it, or give another --out")


def _made(plan: Plan, data: Path, out: Path, part: Path, console: Console) -> tuple[dict[str, Any], float]:
    """The card of a finished model and the seconds that it took, in this run or in the one before."""
    done = part / "done.json"
    if not done.is_file():
        shutil.rmtree(out, ignore_errors=True)  # of a run that was cut short while it wrote
        part.mkdir(exist_ok=True)
        started = monotonic()
        card = _train(plan, data, out, part, console)
        done.write_text(json.dumps([card, monotonic() - started]), encoding="utf-8")
    card, seconds = json.loads(done.read_text(encoding="utf-8"))
    return card, seconds


def _train(plan: Plan, data: Path, out: Path, part: Path, console: Console) -> dict[str, Any]:
    bars = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*bars, console=console) as bar:
        task = bar.add_task("reading", total=1.0)

        def progress(done: float, note: str = "") -> None:
            bar.update(task, completed=done, description=f"{plan.method} {note}")

        from ...train.service import train as run

        def language(facts: Any) -> None:
            loss = "" if facts["loss"] is None else f", loss {facts['loss']:.3f}"
            console.print(f"pretraining, epoch {facts['epoch']}: held-out perplexity {facts['perplexity']:.2f}{loss}")

        def epoch(facts: Any) -> None:
            dev = "" if facts["dev"] is None else f", dev {facts['dev']:.3f}"
            console.print(f"{plan.method}, epoch {facts['epoch']}: loss {facts['loss']:.4f}{dev}")

        told: Any = {"progress": progress, "after_epoch": epoch, "after_language": language}
        return run(plan, data=data, out=out, on_cpu=Settings().device == "cpu", checkpoints=part, **told)


def _table(cards: Sequence[tuple[dict[str, Any], float]]) -> Table:
    """The figures of every way: the same data, seed and judges."""
    table = Table(
        "judged on", "figure", "method", "value", "95 % interval", "texts", "trained weights", "min", box=None
    )
    for number, first in enumerate(cards[0][0]["figures"]):
        for card, seconds in cards:
            figure = card["figures"][number]
            interval = f"{figure['low']:.3f}-{figure['high']:.3f}"
            shared = f"{card['trained_parameters']:,} ({card['trained_parameters'] / card['parameters']:.1%})"
            value = f"{figure['value']:.3f}"
            named = (first["name"], first["metric"], card["method"])
            table.add_row(*named, value, interval, str(figure["texts"]), shared, f"{seconds / 60:.1f}")
    return table


def _plans(plan: Plan, methods: Sequence[str], seed: int | None) -> list[Plan]:
    """The plan in each way that is asked for. Raises Mistake for one that there is not."""
    if unknown := [name for name in methods if name not in get_args(Method)]:
        raise Mistake(f"--method {unknown[0]}: there is no such way; there are {', '.join(get_args(Method))}")
    changed: dict[str, Any] = {} if seed is None else {"seed": seed}
    return [Plan.model_validate({**plan.model_dump(), **changed, "method": name}) for name in methods or (plan.method,)]


def _tell_left_out(console: Console, record: FileRecord) -> None:
    for why, n in record.left_out.items():
        reason = "that cannot be read" if why == "bad_rows" else "without a label"
        console.print(f"{record.path}: left out {n:,} row{'s' * (n != 1)} {reason}", markup=False, highlight=False)
    for line in record.bad:
        console.print(visible(f"{record.path}, {line}"), markup=False, highlight=False, soft_wrap=True)


def _plan(given: str) -> Plan:
    path = find_plan(given)
    if path is None:
        raise Mistake(f"{given} is neither a file nor an embedded plan; there are {', '.join(embedded_plans())}")
    return Plan.read(path)
