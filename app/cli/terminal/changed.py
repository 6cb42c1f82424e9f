"""Compares two models on rows that were read, and shows the comparison in a terminal."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..._library import explainers
from ...audit.data.values import Bools
from ...changes.schemas import ChangeOut, CostOut, EstimateOut, LikenessOut
from ...datasets.reading.parsing import Row
from ...web.formatting import number, percent, signed
from ...workbench.study.frame import Frame
from .output import visible
from .progress import bar
from .registered import source_of
from .trouble import Mistake


def change_of(
    models: Mapping[str, explainers.Model],
    names: tuple[str, str, str | None],
    file: Path,
    rows: Sequence[Row],
    frame: Frame,
    judged: Bools,
    options: Mapping[str, Any],
) -> ChangeOut | None:
    """names: before, after, twin, of `models`. frame: what the first says of the rows; judged (n,): those compared.

    None, with the reason on stderr, where only the decisions can be compared.
    """
    from ...audit.evidence.oracle import LocalOracle
    from ...changes.change import Options, Side, change
    from ...changes.material import Texts

    if reason := _unfit(models, rows):
        print(f"whence: only decisions are compared: {reason}", file=sys.stderr)
        return None
    kept = [row for row, is_judged in zip(rows, judged, strict=True) if is_judged]
    groups = {column: tuple(row.groups.get(column, "") for row in kept) for column in frame.groups}
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    texts = Texts(file.name, digest, tuple(row.text for row in kept), frame.label.codes[judged], groups)
    sides = {name: Side(LocalOracle(model), _bytes(name), _memory(model)) for name, model in models.items()}
    before, after, twin = names
    with bar("comparing") as progress:
        return change(
            sides[before], sides[after], texts, twin=sides[twin] if twin else None, options=Options(**options),
            tell=progress,
        )  # fmt: skip


def _unfit(models: Mapping[str, explainers.Model], rows: Sequence[Row]) -> str:
    """Why word scores of these cannot be compared; empty where they can."""
    classes = {tuple(model.labels) for model in models.values()}
    if len(classes) > 1:
        return "the models have other classes, or in another order"
    if len(next(iter(classes))) < 2:
        return "the models have one class"
    return "the rows are pairs of texts" if any(row.text_pair is not None for row in rows) else ""


def _bytes(name: str) -> int | None:
    with suppress(explainers.BadModel, Mistake):
        return explainers.bytes_of(source_of(name))
    return None


def _memory(model: explainers.Model) -> int | None:
    with suppress(explainers.Incompatible):
        return explainers.weights_in_memory(model)
    return None


def show(console: Console, found: ChangeOut) -> None:
    """Cost, agreement, gaps and words, as tables."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in ("", found.before.id, found.after.id, "change"):
        table.add_column(visible(name), justify="left" if not name else "right")
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
