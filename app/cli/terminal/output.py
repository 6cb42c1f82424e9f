"""What a command prints: a table for a person, JSON or CSV for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..._library import explainers
from ...explain.draw import export, heatmap
from ...web.formatting import shorten

TOWARDS = ("#fef1e0", "#fee3c1", "#fdd5a2", "#fdc682", "#fdb863")  # the tints of the pages
AWAY = ("#e8f1fa", "#d0e3f5", "#b9d4f1", "#a1c6ec", "#8ab8e6")
SIZE = ("#eaf1ee", "#d5e3dd", "#c0d6cc", "#abc8bb", "#96baaa")
BAR = 20
MOST_ROWS = 20
LONGEST_WORD = 40
BADGES = {"sound": ("green", "sound"), "rough": ("yellow", "rough"), "distrust": ("red", "do not trust")}
BIDIRECTIONAL = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def prediction_record(prediction: explainers.Prediction) -> dict[str, Any]:
    """As POST /v1/predictions answers it: the predicted class, then all of them, most probable first."""
    chances = prediction.probabilities or [None] * len(prediction.labels)
    listed = [
        {"index": index, "label": label, "logit": logit, "probability": chance}
        for index, (label, logit, chance) in enumerate(zip(prediction.labels, prediction.logits, chances, strict=True))
    ]
    ranked = sorted(listed, key=lambda entry: -float(entry["logit"] or 0.0))
    record = {"predicted": listed[prediction.predicted.index], "classes": ranked}
    return {**record, "words": [word.model_dump() for word in prediction.words]} if prediction.words else record


def as_json(value: Any, *, indent: bool) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2 if indent else None, allow_nan=False)


def csv_line(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(export.safe_cells(cells))
    return out.getvalue()


def show_prediction(console: Console, text: str, prediction: explainers.Prediction) -> None:
    """The text and a bar for each class, the predicted one in bold."""
    console.print(Text(visible(text)), soft_wrap=True)
    console.print(_classes(prediction))


def _classes(prediction: explainers.Prediction, target: str | None = None) -> Table:
    """Most probable first; an arrow marks the class that is explained."""
    record = prediction_record(prediction)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for entry in record["classes"][:MOST_ROWS]:
        label = visible(entry["label"]) + (" ←" if entry["label"] == target else "")
        style = "bold" if entry["index"] == prediction.predicted.index else ""
        chance = entry["probability"]
        if chance is None:
            table.add_row(Text(label, style), f"{entry['logit']:+.4f}")
        else:
            table.add_row(Text(label, style), f"{chance:.4f}", "█" * round(BAR * chance))
    return table


def show_attribution(console: Console, found: explainers.Attribution, *, row: int) -> None:
    """Prediction, painted text, the strongest parts as a table, and what the explanation is worth."""
    console.print(_classes(found.prediction, found.targets[row].label))
    if found.scores is None:
        console.print(Text(visible(found.text)), soft_wrap=True)
        console.print("This method shows a mechanism and scores no words; --json prints its tokens and checks.")
    else:
        console.print(Text.assemble("\n", *_painted(found, row), "\n"), soft_wrap=True)
        console.print(_scores(found, row))
    console.print(Text(_evidence(found, row), "dim"), soft_wrap=True)
    if found.badge is not None:
        colour, word = BADGES[found.badge.level]
        console.print(Text.assemble((word, f"bold {colour}"), ": ", found.badge.reasons[0].text), soft_wrap=True)
    for notice in found.warnings:
        console.print(Text(notice.text, "yellow"), soft_wrap=True)


def visible(text: str) -> str:
    """Without characters that would move the cursor, colour the screen or turn the reading direction."""
    return "".join(c if (c.isprintable() or c in "\n\u200d") and c not in BIDIRECTIONAL else "\ufffd" for c in text)


def _painted(found: explainers.Attribution, row: int) -> Iterator[str | tuple[str, str]]:
    level = found.players if found.players != "auto" else "word"
    texts = (("text", found.text), ("text_pair", found.text_pair))
    for part, text in texts:
        if text is None:
            continue
        if part == "text_pair":
            yield "\n"
        for cell in heatmap.cells(text, found, row, level=level, part=part):
            yield (visible(cell.text), _tint(cell, found.unit))


def _tint(cell: heatmap.Cell, unit: str) -> str:
    if not cell.step:
        return "dim" if cell.unseen else ""
    tints = SIZE if unit in heatmap.MAGNITUDES else TOWARDS if cell.step > 0 else AWAY
    return f"#111111 on {tints[abs(cell.step) - 1]}"


def _scores(found: explainers.Attribution, row: int) -> Table:
    assert found.scores is not None
    scores = found.scores[row]
    top = heatmap.largest(scores)
    table = Table(box=None, padding=(0, 1))
    table.add_column(found.features[0].kind if found.features else "text")
    table.add_column(found.unit, justify="right")
    if found.standard_errors is not None:
        table.add_column("±", justify="right")
    table.add_column("")
    for player in np.argsort(-np.abs(scores), kind="stable")[:MOST_ROWS]:
        word = shorten(visible(found.features[player].text), LONGEST_WORD)
        cells: list[Text | str] = [Text(word), f"{scores[player]:+.4f}"]
        if found.standard_errors is not None:
            cells.append(f"{found.standard_errors[row][player]:.4f}")
        size = round(BAR * abs(float(scores[player])) / top) if top else 0
        table.add_row(*cells, Text("█" * size, "#c77700" if scores[player] > 0 else "#3a7fc4"))
    if len(scores) > MOST_ROWS:
        table.caption = f"the {MOST_ROWS} strongest of {len(scores)}; --json or --csv prints all"
    return table


def _evidence(found: explainers.Attribution, row: int) -> str:
    facts = [f"{found.method.name} on {found.model.id}", f"{found.value} of {visible(found.targets[row].label)}"]
    facts.append(f"output {found.output[row]:+.4f}")
    if found.baseline_output is not None:
        facts.append(f"baseline ({found.baseline}) {found.baseline_output[row]:+.4f}")
    if found.residual is not None:
        facts.append(f"residual {found.residual[row]:.1e}")
    return " · ".join([*facts, f"{found.forward_passes} model evaluations"])
