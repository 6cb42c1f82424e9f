"""Output of a command: a table for a person, JSON or CSV for a program."""

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
MOST_LINKS = 8
LONGEST_WORD = 40
BADGES = {"sound": ("green", "sound"), "rough": ("yellow", "rough"), "distrust": ("red", "do not trust")}
BIDIRECTIONAL = frozenset(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))


def prediction_record(prediction: explainers.Prediction) -> dict[str, Any]:
    """A prediction as POST /v1/predictions answers it: the predicted class, then all of them, most probable first; of
    a regression the value of each output."""
    if prediction.predicted is None:
        named = enumerate(zip(prediction.labels, prediction.logits, strict=True))
        values = [{"index": index, "label": label, "value": value} for index, (label, value) in named]
        return {"predicted": None, "classes": [], "outputs": values}
    shares = zip(prediction.labels, prediction.logits, prediction.probabilities or (), strict=True)
    listed = [
        {"index": index, "label": label, "logit": logit, "probability": chance}
        for index, (label, logit, chance) in enumerate(shares)
    ]
    ranked = [listed[index] for index in sorted(range(len(listed)), key=lambda index: -prediction.logits[index])]
    record = {"predicted": listed[prediction.main.index], "classes": ranked}
    return {**record, "words": [word.model_dump() for word in prediction.words]} if prediction.words else record


def transcript_record(prediction: explainers.Prediction) -> dict[str, Any]:
    """The words that a model has heard, and how sure it is of each token."""
    tokens = zip(prediction.labels[:-1], prediction.probabilities or (), strict=False)
    said = [{"text": label, "probability": chance} for label, chance in tokens]
    return {"transcript": prediction.main.label, "tokens": said}


def as_json(value: Any, *, indent: bool) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2 if indent else None, allow_nan=False)


def csv_line(cells: Any) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(export.safe_cells(cells))
    return out.getvalue()


def show_prediction(console: Console, text: str, prediction: explainers.Prediction, *, heard: bool = False) -> None:
    """The text and a bar for each class, the predicted one in bold; of a recording its transcript."""
    console.print(Text(visible(text)), soft_wrap=True)
    if heard:
        console.print(Text(visible(prediction.main.label), "bold"), soft_wrap=True)
        return
    console.print(_classes(prediction))


def _classes(prediction: explainers.Prediction, target: str | None = None) -> Table:
    """Most probable first; an arrow marks the class, or the output of a regression, that is explained."""
    record = prediction_record(prediction)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for entry in record.get("outputs", ()):
        table.add_row(visible(entry["label"]) + (" ←" if entry["label"] == target else ""), f"{entry['value']:+.4f}")
    for entry in record["classes"][:MOST_ROWS]:
        label = visible(entry["label"]) + (" ←" if entry["label"] == target else "")
        style = "bold" if entry["index"] == prediction.main.index else ""
        table.add_row(Text(label, style), f"{entry['probability']:.4f}", "█" * round(BAR * entry["probability"]))
    return table


def show_attribution(console: Console, found: explainers.Attribution, *, row: int) -> None:
    """Prediction, painted text, the strongest parts as a table, and what the explanation is worth."""
    if isinstance(found.outputs, explainers.TokenOutput):
        console.print(f"{visible(found.targets[row].label)}: {found.unit} {found.output[row]:+.4f}", soft_wrap=True)
    else:
        console.print(_classes(found.prediction, found.targets[row].label))
    if found.scores is None:
        console.print(Text(visible(found.text)), soft_wrap=True)
        console.print("This method shows a mechanism and gives words no scores; --json prints its tokens and checks.")
    else:
        if not isinstance(found.input, explainers.FileInput):
            console.print(Text.assemble("\n", *_painted(found, row), "\n"), soft_wrap=True)
        console.print(_scores(found, row))
    console.print(Text(_evidence(found, row), "dim"), soft_wrap=True)
    if found.badge is not None:
        colour, word = BADGES[found.badge.level]
        console.print(Text.assemble((word, f"bold {colour}"), ": ", found.badge.reasons[0].text), soft_wrap=True)
    _show_sides(console, found, row)
    for notice in found.warnings:
        console.print(Text(notice.text, "yellow"), soft_wrap=True)


def _show_sides(console: Console, found: explainers.Attribution, row: int) -> None:
    """Show two compared texts: the strongest links between their words, and the scores without words."""
    if found.emptied is None:
        return
    table = Table(box=None, padding=(0, 1))
    table.add_column("together")
    table.add_column("interaction", justify="right")
    for link in explainers.links(found)[:MOST_LINKS]:
        first, second = (shorten(visible(text), LONGEST_WORD) for text in (link.first.text, link.second.text))
        error = "" if link.error is None else f" ± {link.error:.4f}"
        table.add_row(Text(f"{first} – {second}"), f"{link.value:+.4f}{error}")
    if table.row_count:
        console.print(table)
    left = found.emptied
    told = f"Without the first text's words {left.first:.4f}, the second's {left.second:.4f}, both {left.both:.4f}"
    console.print(Text(told, "dim"), soft_wrap=True)


def show_difference(console: Console, found: explainers.Difference) -> None:
    """The two scores, and what each word of the three texts does to their difference."""
    near, far = float(found.nearer.output[0]), float(found.farther.output[0])
    console.print(f"{near:.4f} − {far:.4f} = {found.difference:+.4f}")
    table = Table(box=None, padding=(0, 1))
    for name in ("word", "of", "difference"):
        table.add_column(name, justify="right" if name == "difference" else "left")
    rows = [(span.text, "text", float(score)) for span, score in zip(found.features, found.shared, strict=True)]
    for explained, name, sign in ((found.nearer, "--and", 1), (found.farther, "--than", -1)):
        scores = [] if explained.scores is None else explained.scores[0]
        pairs = zip(explained.spans, scores, strict=True)
        rows += [(span.text, name, sign * float(score)) for span, score in pairs if span.part == "text_pair"]
    for text, name, score in sorted(rows, key=lambda each: -abs(each[2]))[:MOST_ROWS]:
        table.add_row(Text(shorten(visible(text), LONGEST_WORD)), name, f"{score:+.4f}")
    console.print(table)
    left = [each.emptied for each in (found.nearer, found.farther) if each.emptied is not None]
    told = " and ".join(f"{each.both:.4f}" for each in left)
    console.print(Text(f"The values add up from the scores without these words, {told}.", "dim"), soft_wrap=True)


def visible(text: str) -> str:
    """Without characters that would move the cursor, colour the screen or turn the reading direction."""
    return "".join(c if (c.isprintable() or c in "\n\u200d") and c not in BIDIRECTIONAL else "\ufffd" for c in text)


def _painted(found: explainers.Attribution, row: int) -> Iterator[str | tuple[str, str]]:
    level = heatmap.levels(found.players)[0]
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
    table.add_column({"image": "region", "audio": "heard"}.get(found.input.kind, "text"))
    if timed := found.input.kind == "audio":
        table.add_column("seconds", justify="right")
    table.add_column(found.unit, justify="right")
    if found.standard_errors is not None:
        table.add_column("±", justify="right")
    table.add_column("")
    for player in np.argsort(-np.abs(scores), kind="stable")[:MOST_ROWS]:
        word = shorten(visible(found.features[player].text), LONGEST_WORD)
        cells: list[Text | str] = [Text(word), f"{scores[player]:+.4f}"]
        if timed:
            cells.insert(1, _times(found.features[player]))
        if found.standard_errors is not None:
            cells.append(f"{found.standard_errors[row][player]:.4f}")
        size = round(BAR * abs(float(scores[player])) / top) if top else 0
        table.add_row(*cells, Text("█" * size, "#c77700" if scores[player] > 0 else "#3a7fc4"))
    if len(scores) > MOST_ROWS:
        table.caption = f"the {MOST_ROWS} strongest of {len(scores)}; --json or --csv prints all"
    return table


def _times(span: explainers.Feature) -> str:
    """Where a stretch of a recording lies, in seconds."""
    return f"{span.start:.2f}–{span.end:.2f}" if isinstance(span, explainers.TimeSpan) else ""


def _evidence(found: explainers.Attribution, row: int) -> str:
    facts = [f"{found.method.name} on {found.model.id}", f"{found.value} of {visible(found.targets[row].label)}"]
    facts.append(f"output {found.output[row]:+.4f}")
    if found.baseline_output is not None:
        facts.append(f"baseline ({found.baseline}) {found.baseline_output[row]:+.4f}")
    if found.residual is not None:
        facts.append(f"residual {found.residual[row]:.1e}")
    return " · ".join([*facts, f"{found.forward_passes} model evaluations"])
