"""whence compare: what a change of a model did to its decisions, its reasons, its cost and its gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from .._library import explainers
from ..changes.schemas import ChangeOut, CostOut, EstimateOut, LikenessOut
from ..web.formatting import number, percent, signed
from .terminal.output import as_json, visible
from .terminal.progress import bar
from .terminal.registered import find_model, source_of
from .terminal.trouble import Mistake


def compare(
    before: Annotated[str, typer.Argument(metavar="A", help="The model before: an embedded one or a folder.")],
    after: Annotated[str, typer.Argument(metavar="B", help="The model after, with the same classes.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="Texts: CSV, JSON lines or Parquet.")],
    twin: Annotated[
        str | None, typer.Option(metavar="C", help="A trained once more with another seed: the yardstick of reasons.")
    ] = None,
    text: Annotated[str | None, typer.Option(metavar="COLUMN", help="The texts; guessed where left open.")] = None,
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="The right classes.")] = None,
    group: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="Groups to audit; may be repeated.")] = None,
    terms: Annotated[
        Literal["en", "zh"] | None, typer.Option(help="Find groups by the list of identity terms of this language.")
    ] = None,
    texts: Annotated[int, typer.Option(min=10, max=2_000, help="How many texts are explained.")] = 100,
    margin: Annotated[float, typer.Option(min=0, max=1, help="A loss of τ against the twin that matters.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Equal seeds, equal figures but times.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Compare a model with what it came from, on the same texts: accuracy, flips, word scores, words, gaps, cost."""
    from ..audit.evidence.oracle import LocalOracle
    from ..changes.change import Options, Side, change
    from ..changes.material import Asked, read_texts

    with bar("loading") as progress:
        sides = []
        for name in (before, after, *([twin] if twin else [])):
            model = find_model(name)
            if model.task != "text":
                raise Mistake(f"{name} gives no class of a text; compare classifiers")
            sides.append(
                Side(LocalOracle(model), explainers.bytes_of(source_of(name)), explainers.weights_in_memory(model))
            )
        asked = Asked(text, label, tuple(group or ()))
        read = read_texts(data, sides[0].oracle.facts.labels, asked)
        options = Options(explained=texts, margin=margin, terms=terms, seed=seed)
        found = change(sides[0], sides[1], read, twin=sides[2] if twin else None, options=options, tell=progress)
    print(as_json(found.model_dump(mode="json"), indent=True)) if json else _show(found)


def _show(found: ChangeOut) -> None:
    console = Console(soft_wrap=True)
    console.print(visible(found.verdict), markup=False, highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", found.before.id, found.after.id, "change"):
        table.add_column(visible(name), justify="left" if not name else "right")
    decisions = found.decisions
    if decisions.before and decisions.after and decisions.difference:
        ends = _ends(decisions.difference, signs=True)
        table.add_row("accuracy", number(decisions.before.value or 0, 3), number(decisions.after.value or 0, 3), ends)
        table.add_row("right before, wrong after", "", str(decisions.lost), f"McNemar p = {decisions.p:.3f}")
        table.add_row("wrong before, right after", "", str(decisions.gained), "")
    for name, cost, scale, unit in (
        ("files", found.size, 1e-6, "MB"),
        ("weights in memory", found.memory, 1e-6, "MB"),
        ("one text", found.milliseconds, 1.0, "ms"),
    ):
        if cost is not None:
            table.add_row(*_cost(name, cost, scale, unit))
    _likeness(table, "τ with A", found.agreement.measured)
    if found.agreement.twins is not None:
        _likeness(table, "τ of the twin with A", found.agreement.twins)
    for gap in found.gaps[:10]:
        named = f"gap of {gap.group}, {gap.metric.replace('_', ' ')}"
        table.add_row(
            visible(named), signed(gap.gap_before, 3), signed(gap.gap_after, 3), _ends(gap.change, signs=True)
        )
    console.print(table)
    words = Table("word", "towards", "texts", "before", "after", "change", "", box=None, padding=(0, 2, 0, 0))
    for word in found.words[:12]:
        cells = (signed(word.before, 2), signed(word.after, 2), _ends(word.change, signs=True))
        words.add_row(visible(word.word), visible(word.label), str(word.texts), *cells, "moved" if word.moved else "")
    console.print(words)
    for note in found.notes:
        console.print(visible(note), markup=False, highlight=False)


def _cost(name: str, cost: CostOut, scale: float, unit: str) -> tuple[str, ...]:
    before, after = (f"{number(value * scale, 1)} {unit}" for value in (cost.before, cost.after))
    return name, before, after, f"× {_ends(cost.ratio)}"


def _likeness(table: Table, name: str, found: LikenessOut) -> None:
    more = f"top five {percent(found.top5.value)}, signs {percent(found.sign.value)}, {found.texts} texts"
    table.add_row(name, "", _ends(found.tau), more)


def _ends(found: EstimateOut, *, signs: bool = False) -> str:
    if found.value is None:
        return "–"
    shown = signed if signs else number
    digits = 3 if signs else 2
    ends = (
        ""
        if found.low is None or found.high is None
        else f" ({shown(found.low, digits)} to {shown(found.high, digits)})"
    )
    return f"{shown(found.value, digits)}{ends}"
