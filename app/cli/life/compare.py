"""whence compare: two models on the rows of one file: decisions, and unless told otherwise reasons, gaps and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from ...audit.data.values import Bools, Interval
from ...changes.schemas import ChangeOut
from ...compare.flips import Flips, churn_of, common_classes, flips_by_slice, flips_of
from ...workbench.study.choose import chosen
from ...workbench.study.frame import NONE, Frame, Named
from ...workbench.study.language import Condition, read
from ..terminal import changed
from ..terminal.judged import Group, Label, Pair, Text, asked, judged, labelled
from ..terminal.output import as_json, visible
from ..terminal.trouble import Mistake


def compare(
    model_a: Annotated[str, typer.Argument(metavar="MODEL_A", help="A name of `whence models list`, or a folder.")],
    model_b: Annotated[str, typer.Argument(metavar="MODEL_B", help="The one that may take its place.")],
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="Labelled texts: CSV, JSON lines or Parquet.")],
    text: Text = None,
    text_pair: Pair = None,
    label: Label = None,
    group: Group = None,
    slices: Annotated[
        list[str] | None,
        typer.Option("--slice", metavar="CONDITIONS", help="Also within these rows; may be repeated."),
    ] = None,
    reasons: Annotated[
        bool, typer.Option("--reasons/--no-reasons", help="Also word scores, gaps and cost: takes some minutes.")
    ] = True,
    twin: Annotated[
        str | None, typer.Option(metavar="MODEL", help="A trained again with another seed: the yardstick of reasons.")
    ] = None,
    terms: Annotated[
        Literal["en", "zh"] | None, typer.Option(help="Find groups by the list of identity terms of this language.")
    ] = None,
    texts: Annotated[int, typer.Option(min=10, max=2_000, help="How many texts are explained.")] = 60,
    margin: Annotated[float, typer.Option(min=0, max=1, help="A loss of τ against the twin that matters.")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Draws the texts; equal seeds, equal figures.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="JSON.")] = False,
) -> None:
    """Compare model B with model A: rows gained and lost, by slice; word scores, gaps between groups, cost."""
    conditions = [(given, read(given)) for given in slices or ()]
    rows = labelled(data, text=text, pair=text_pair, label=label, groups=group or ())
    models = [asked(name) for name in (model_a, model_b)]
    frames = judged(rows, models[0]), judged(rows, models[1])
    decided = _decided(*frames, conditions)
    change = None
    if reasons:
        options = {"explained": texts, "margin": margin, "terms": terms, "seed": seed}
        sides = {model_b: models[1], model_a: models[0]}  # one model where both have the same name
        if twin is not None:
            sides[twin] = asked(twin)
        names = (model_a, model_b, twin)
        change = changed.change_of(sides, names, data, rows, frames[0], decided.compared, options)
    if json:
        print(as_json(_record((model_a, model_b), decided) | _changed(change), indent=True))
    else:
        _show(Console(soft_wrap=True, markup=False), (model_a, model_b), decided, change)


@dataclass(frozen=True)
class Decided:
    """Decisions of both models. compared (rows,): the rows whose label is a class of both."""

    compared: Bools
    flips: Flips
    slices: list[tuple[str, Flips]]
    churn: list[dict[str, Any]]


def _decided(first: Frame, second: Frame, conditions: Sequence[tuple[str, Condition]]) -> Decided:
    """Raises Mistake where no row can be compared."""
    compared = first.judged & second.judged
    if not compared.any():
        raise Mistake("no label of the file is a class of both models")
    masks = [(name, mask) for name, mask in _slices(first) if mask[compared].sum()]
    masks += [(given, chosen(first, condition)) for given, condition in conditions]
    right = first.right[compared], second.right[compared]
    by_slice = flips_by_slice(*right, [mask[compared] for _, mask in masks])
    slices = [(name, each) for (name, _), each in zip(masks, by_slice, strict=True)]
    return Decided(compared, flips_of(*right), slices, _churn(first, second, compared))


def _record(models: tuple[str, str], decided: Decided) -> dict[str, Any]:
    """The decisions as JSON."""
    return {
        "models": {"a": models[0], "b": models[1]},
        "left_out": int((~decided.compared).sum()),
        **_flips(decided.flips),
        "slices": [{"name": name, **_flips(each), "q": each.q} for name, each in decided.slices],
        "churn": decided.churn,
    }


def _changed(change: ChangeOut | None) -> dict[str, Any]:
    """Fields of a change beyond its decisions; none where they were not asked for, or cannot be told."""
    told = ("twin", "agreement", "words", "gaps", "size", "milliseconds", "memory", "notes", "verdict")
    return {} if change is None else {name: change.model_dump(mode="json")[name] for name in told}


def _slices(frame: Frame) -> list[tuple[str, Bools]]:
    """Every label, and every value of the group columns."""
    found = [(f'label = "{name}"', frame.label.equals(name)) for name in frame.classes]
    for column, values in frame.groups.items():
        found += [(f'{column} = "{value}"', values.equals(value)) for value in values.names]
    return found


def _churn(first: Frame, second: Frame, together: Bools) -> list[dict[str, Any]]:
    names = common_classes(first.predicted.names, second.predicted.names)
    codes = [_renumbered(frame.predicted, names)[together] for frame in (first, second)]
    right = first.right[together], second.right[together]
    return [
        {"from": each.before, "to": each.after, "rows": each.rows, "better": each.better, "worse": each.worse}
        for each in churn_of(names, codes[0], codes[1], right=right)
    ]


def _renumbered(column: Named, names: tuple[str, ...]) -> Any:
    """The codes as places in `names`."""
    places = np.array([*(names.index(name) for name in column.names), NONE], dtype=np.int64)
    return places[column.codes]


def _flips(found: Flips) -> dict[str, Any]:
    accuracy = found.accuracy or (None, None)
    return {
        "n": found.n,
        "accuracy": {"a": accuracy[0], "b": accuracy[1]},
        "difference": found.difference,
        "interval": _ends(found.interval),
        "flips": {"better": found.better, "worse": found.worse, "p": found.p},
    }


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]


def _show(console: Console, models: tuple[str, str], decided: Decided, change: ChangeOut | None) -> None:
    if change is not None:
        console.print(visible(change.verdict), markup=False, highlight=False)
    table = Table("rows", "n", visible(models[0]), visible(models[1]), "B − A", "better", "worse", "p", "q", box=None)
    for name, each in [("all", decided.flips), *decided.slices]:
        if each.accuracy is not None:
            table.add_row(visible(name), *_cells(each))
    console.print(table)
    console.print("p: McNemar's exact test of the rows that flip; q: corrected over the slices.", style="dim")
    if change is not None:
        changed.show(console, change)


def _cells(found: Flips) -> tuple[str, ...]:
    before, after = found.accuracy or (0.0, 0.0)
    gap = f"{100 * (found.difference or 0.0):+.1f}"
    if found.interval is not None:
        gap += f" ({100 * found.interval.low:+.1f} to {100 * found.interval.high:+.1f})"
    counts = f"{found.better:,}", f"{found.worse:,}"
    p, q = f"{found.p:.3g}", "" if found.q is None else f"{found.q:.3g}"
    return f"{found.n:,}", f"{before:.1%}", f"{after:.1%}", gap, *counts, p, q
