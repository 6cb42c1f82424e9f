"""whence check: a contract held against a model; 1 where a check fails."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..terminal.output import as_json, visible
from ..terminal.progress import bar
from ..terminal.registered import find_model
from ..terminal.trouble import SOME_FAILED, Mistake

COLOURS = {"passed": "green", "failed": "bold red", "undecided": "yellow"}


def check(
    contract: Annotated[
        Path, typer.Argument(metavar="CONTRACT", help="A TOML file; docs/contracts.md has its fields.")
    ],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="An embedded model or a model folder.")],
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write JUnit XML, for build servers.")] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write everything as JSON; - prints it.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the heat maps behind what did not pass.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Undecided counts as failed.")] = False,
) -> int:
    """Hold a contract against a model: 0 where nothing fails, 1 where a check does."""
    from ...audit.evidence.oracle import LocalOracle
    from ...changes.material import Asked, read_texts
    from ...contracts.contract import read_contract
    from ...contracts.reports import to_junit, to_page
    from ...contracts.verify import check as run

    asked, digest = read_contract(contract)
    with bar("loading") as progress:
        loaded = find_model(model)
        if loaded.task != "text":
            raise Mistake(f"{model} gives no class of a text; contracts are for classifiers")
        oracle = LocalOracle(loaded)
        texts = None
        if asked.texts is not None:
            columns = Asked(asked.text, asked.label, asked.groups)
            texts = read_texts(contract.parent / asked.texts, oracle.facts.labels, columns)
        found, failing = run(asked, digest, oracle, texts, lambda name: LocalOracle(find_model(name)), progress)
    if junit is not None:
        junit.write_text(to_junit(found), encoding="utf-8")
    if html is not None:
        html.write_text(to_page(found, failing), encoding="utf-8")
    body = as_json(found.model_dump(mode="json"), indent=True)
    if json is not None and str(json) != "-":
        json.write_text(body + "\n", encoding="utf-8")
    if json is not None and str(json) == "-":
        print(body)
    else:
        _show(Console(soft_wrap=True, markup=False), found)
    return SOME_FAILED if found.failed or (strict and found.undecided) else 0


def _show(console: Console, found: object) -> None:
    from ...contracts.schemas import CheckedOut

    assert isinstance(found, CheckedOut)
    counts = f"{found.passed} passed, {found.failed} failed, {found.undecided} undecided"
    console.print(visible(f"{found.contract} on {found.model}: {counts}"), markup=False, highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    for each in sorted(found.checks, key=lambda each: ("failed", "undecided", "passed").index(each.outcome)):
        table.add_row(Text(each.outcome, COLOURS[each.outcome]), Text(visible(each.name)), Text(visible(each.told)))
    console.print(table)
    for note in found.notes:
        console.print(visible(note), markup=False, highlight=False)
