"""whence datasets slices and issues: where a model fails on a file, and which rows of it look wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ..audit.data.values import Interval
from ..workbench.study.choose import chosen
from ..workbench.study.figures import Figures, corrected, figures_of
from ..workbench.study.finder import Candidate, find
from ..workbench.study.frame import Frame
from ..workbench.study.language import Condition, read, written
from ..workbench.study.saying import said
from ..workbench.study.tags import OF_TEXTS, Tagged, tagged
from .terminal.judged import Group, Label, Pair, Text, asked, judged, labelled
from .terminal.output import as_json, visible

File = Annotated[Path, typer.Argument(metavar="FILE", help="Labelled texts: CSV, JSON lines or Parquet.")]
ModelName = Annotated[
    str, typer.Option("--model", metavar="MODEL", help="A name of `whence models list`, or a folder.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON.")]
LONGEST = 90  # characters of a text in a table


def slices(
    file: File,
    model: ModelName = "sentiment",
    text: Text = None,
    text_pair: Pair = None,
    label: Label = None,
    group: Group = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--slice", metavar="CONDITIONS", help="Rows to look at beside those that are found; may be repeated."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Draws the half that is searched.")] = 0,
    json: Json = False,
) -> None:
    """Find the rows on which a model fails more than elsewhere: sought on one half, tested on the other."""
    conditions = [read(each) for each in given or ()]
    rows = labelled(file, text=text, pair=text_pair, label=label, groups=group or ())
    frame, _ = _tagged(rows, model)
    own = corrected([figures_of(frame, chosen(frame, condition)) for condition in conditions])
    found = find(frame, tags=OF_TEXTS, seed=seed)
    whole = figures_of(frame, frame.judged)
    record = {
        "n": whole.n,
        "accuracy": whole.accuracy,
        "interval": _ends(whole.interval),
        "slices": [_candidate(frame, each) for each in found.candidates],
        "given": [_slice(each, figures) for each, figures in zip(conditions, own, strict=True)],
        "tried": found.tried,
        "halves": {"searched": found.halves[0], "held_out": found.halves[1]},
        "detectable": found.detectable,
    }
    if json:
        print(as_json(record, indent=True))
        return
    console = Console(soft_wrap=True, markup=False)
    console.print(
        f"{model}: right on {whole.right:,} of {whole.n:,} rows ({_share(whole.accuracy)}, {_span(whole.interval)})"
    )
    _show_found(console, found.candidates)
    if found.detectable is not None:
        told = f"In a slice of one row in twenty a gap of {found.detectable:.0%} would show, four times in five."
        console.print(told, style="dim")
    if conditions:
        _show_given(console, conditions, own)


def issues(
    file: File,
    model: ModelName = "sentiment",
    text: Text = None,
    text_pair: Pair = None,
    label: Label = None,
    json: Json = False,
) -> None:
    """Rows to look at: labels that look wrong, texts that repeat each other, texts unlike all others."""
    rows = labelled(file, text=text, pair=text_pair, label=label, groups=())
    frame, found = _tagged(rows, model)
    lines = [_issue(frame, found, row, tags) | {"line": rows[row].line} for row, tags in found.rows()]
    if json:
        counts = {tag: int(mask.sum()) for tag, mask in found.tags.items()}
        print(as_json({"n": len(rows), "counts": counts, "rows": lines}, indent=True))
        return
    table = Table("row", "text", "label", "says", "tags", "suggested", box=None)
    for line in lines:
        cut = visible(line["text"])[:LONGEST]
        table.add_row(
            str(line["row"]), cut, visible(line["label"] or ""), visible(line["predicted"] or ""),
            ", ".join(line["tags"]), line["suggested"] or "",
        )  # fmt: skip
    console = Console(soft_wrap=True, markup=False)
    console.print(table)
    console.print(f"{len(lines):,} of {len(rows):,} rows", style="dim")


def _tagged(rows: Any, model: str) -> tuple[Frame, Tagged]:
    loaded = asked(model)
    frame = judged(rows, loaded)
    found = tagged(frame, one_class=loaded.head == "single")
    return replace(frame, tags=found.tags), found


def _candidate(frame: Frame, found: Candidate) -> dict[str, Any]:
    """Figures of the half that the search did not see; `rows` of both."""
    return {
        **_slice(found.condition, found.held),
        "rows": int(chosen(frame, found.condition).sum()),
        "confirmed": found.confirmed,
        "sought": {"n": found.sought.n, "accuracy": found.sought.accuracy},
        "examples": list(found.examples),
    }


def _slice(condition: Condition, figures: Figures) -> dict[str, Any]:
    return {
        "name": said(condition),
        "predicate": written(condition),
        "n": figures.n,
        "accuracy": figures.accuracy,
        "interval": _ends(figures.interval),
        "rest": figures.rest_accuracy,
        "gap": figures.gap,
        "gap_interval": _ends(figures.gap_interval),
        "q": figures.q,
        "detectable": figures.detectable,
    }


def _issue(frame: Frame, found: Tagged, row: int, tags: tuple[str, ...]) -> dict[str, Any]:
    """Rows are numbered from 0, as everywhere in JSON."""
    label, predicted = int(frame.label.codes[row]), int(frame.predicted.codes[row])
    doubted = "label-looks-wrong" in tags and found.doubts is not None
    quality = float(found.doubts.quality[row]) if found.doubts is not None and frame.judged[row] else None
    return {
        "row": row,
        "tags": list(tags),
        "suggested": found.suggested.get(row),
        "label": frame.label.names[label] if label >= 0 else None,
        "predicted": frame.predicted.names[predicted] if predicted >= 0 else None,
        "confidence": float(frame.confidence[row]) if predicted >= 0 else None,
        "label_probability": quality,
        "better": frame.classes[int(found.doubts.better[row])] if doubted and found.doubts is not None else None,
        "same_as": int(found.same[row]) if found.same[row] != row else None,
        "text": frame.texts[row],
    }


def _show_found(console: Console, candidates: tuple[Candidate, ...]) -> None:
    if not candidates:
        console.print("No rows were found on which it fails more than elsewhere.")
        return
    table = Table("slice", "wrong, searched", "wrong, held out", "rest", "gap", "q", "", box=None)
    for each in candidates:
        sought, held = each.sought, each.held
        rest = "" if held.rest_accuracy is None else f"{1 - held.rest_accuracy:.0%}"
        wrong = [f"{half.n - half.right} of {half.n}" for half in (sought, held)]
        q = "" if held.q is None else f"{held.q:.3g}"
        verdict = "confirmed" if each.confirmed else "not confirmed"
        table.add_row(visible(said(each.condition)), *wrong, rest, _gap(held), q, verdict)
    console.print(table)


def _show_given(console: Console, conditions: list[Condition], own: list[Figures]) -> None:
    table = Table("slice", "n", "right", "interval", "rest", "gap", "q", box=None)
    for condition, each in zip(conditions, own, strict=True):
        q = "" if each.q is None else f"{each.q:.3g}"
        cells = f"{each.n:,}", _share(each.accuracy), _span(each.interval), _share(each.rest_accuracy), _gap(each), q
        table.add_row(visible(said(condition)), *cells)
    console.print(table)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _gap(figures: Figures) -> str:
    return "–" if figures.gap is None else f"{100 * figures.gap:+.1f}"


def _span(interval: Interval | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _ends(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
