"""An explanation as one file: HTML that opens anywhere, CSV that opens in a spreadsheet."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..._library import explainers
from ...errors import BadRequest
from . import heatmap

STYLE = (Path(__file__).parent / "export.css").read_text(encoding="utf-8")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
KEYS = (
    "Orange and underlined raises, blue and dotted lowers; the deeper and the thicker, the more.",
    "The deeper, the more: how strongly a word is involved, without for or against.",
)
COLUMNS = ("target", "player", "text", "part", "start", "end", "score", "standard_error", "unit")


def to_html(found: explainers.Attribution, *, title: str = "Where a prediction comes from") -> str:
    """One page without script or network: its policy allows its own style sheet, by hash, and nothing else."""
    return many_to_html((found,), title=title)


def many_to_html(
    explanations: Sequence[explainers.Attribution],
    *,
    title: str = "Where a prediction comes from",
    answer: str = "",
    language: str = "en",
) -> str:
    """Several methods' explanations of one text, under each other; first the answer, a sentence in that language.

    Raises BadRequest for explanations of a picture or a recording.
    """
    for found in explanations:
        if isinstance(found.input, explainers.FileInput):
            raise BadRequest(
                f"HTML is written of texts, and this explains a {found.input.known_as}, which JSON and CSV hold",
                cure="Ask for one of them.",
            )
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    lead = f'<p class="answer" lang="{escape(language)}">{escape(answer)}</p>' if answer else ""
    body = lead + "".join("".join((_heading(found), _facts(found), *_maps(found))) for found in explanations)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>{body}</body></html>\n"
    )


def to_csv(found: explainers.Attribution) -> str:
    """One line a class and player. Text that a spreadsheet would run as a formula is prefixed with an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(safe_cells, csv_rows(found)))
    return out.getvalue()


def many_to_csv(explanations: Sequence[explainers.Attribution]) -> str:
    """The lines of every method, with its name in front."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("method", *COLUMNS))
    for found in explanations:
        writer.writerows(safe_cells((found.method.name, *row)) for row in csv_rows(found))
    return out.getvalue()


def to_record(found: explainers.Attribution) -> dict[str, Any]:
    """Everything that JSON can hold, with the residual that says how far the scores miss the whole."""
    residual = found.residual
    gaps = None if residual is None else [float(gap) if math.isfinite(gap) else None for gap in residual]
    return {**found.model_dump(mode="json"), "residual": gaps}


def csv_rows(found: explainers.Attribution) -> Iterator[tuple[object, ...]]:
    """In the order of COLUMNS; a method without scores has none."""
    if found.scores is None:
        return
    for row, target in enumerate(found.targets):
        for player, feature in enumerate(found.features):
            error = None if found.standard_errors is None else float(found.standard_errors[row][player])
            score = float(found.scores[row][player])
            yield (target.label, player, *_place(feature), score, error, found.unit)


def _place(feature: explainers.Feature) -> tuple[object, ...]:
    """Text, part, start and end: of a recording in seconds, of a picture in words alone."""
    if isinstance(feature, explainers.TextSpan):
        return (feature.text, feature.part, feature.start, feature.end)
    if isinstance(feature, explainers.TimeSpan):
        return (feature.text, "", feature.start, feature.end)
    return (feature.text, "", "", "")


def safe_cells(cells: Iterable[object]) -> list[object]:
    """Numbers stay numbers; text that begins like a formula gets an apostrophe in front."""
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in cells]


def _heading(found: explainers.Attribution) -> str:
    names = f"{found.method.name} · {found.model.id}"
    badge = ""
    if found.badge is not None:
        word = {"sound": "Sound", "rough": "Rough", "distrust": "Do not trust"}[found.badge.level]
        reasons = " ".join(reason.text for reason in found.badge.reasons)
        badge = f"<p><strong>{word}.</strong> {escape(reasons)}</p>"
    notices = "".join(f"<p>{escape(notice.text)}</p>" for notice in found.warnings)
    return f"<h1>{escape(names)}</h1>{badge}{notices}"


def _facts(found: explainers.Attribution) -> str:
    prediction = found.prediction
    chances = prediction.probabilities or prediction.logits
    kind = "value" if prediction.probabilities is None else "probability"
    said = ", ".join(f"{label} {chance:.4f}" for label, chance in zip(prediction.labels, chances, strict=True))
    options = ", ".join(f"{name} {value}" for name, value in found.method.options.items()) or "none"
    facts = {
        f"Prediction ({kind})": said,
        "Model digest": found.model.digest,
        "Method version": found.method.version,
        "Options": options,
        "Seed": str(found.method.seed),
        "Explained number": found.value,
        "Players": found.players,
        "Baseline": found.baseline_text or found.baseline or "none",
        "Model evaluations": str(found.forward_passes),
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>{rows}</dl>"


def _maps(found: explainers.Attribution) -> Iterator[str]:
    """A section a target, the main one first: painted text, then the same numbers as a table."""
    if found.scores is None:
        yield f'<p class="text" dir="auto">{escape(found.text)}</p><p>This method scores no words.</p>'
        return
    unsigned = found.unit in heatmap.MAGNITUDES
    yield f'<p class="key">{KEYS[unsigned]}</p>'
    order = sorted(range(len(found.targets)), key=lambda row: found.targets[row] != found.prediction.main)
    for row in order:
        residual = "" if found.residual is None else f" · residual {found.residual[row]:.2e}"
        base = "" if found.baseline_output is None else f" · baseline output {found.baseline_output[row]:+.4f}"
        yield f"<h2><bdi>{escape(found.targets[row].label)}</bdi></h2>"
        yield _text(found, row, "text", found.text)
        if found.text_pair is not None:
            yield _text(found, row, "text_pair", found.text_pair)
        yield f"<p>Output {found.output[row]:+.4f} {escape(found.value)}{base}{residual}</p>{_table(found, row)}"


def _text(found: explainers.Attribution, row: int, part: str, text: str) -> str:
    level = heatmap.levels(found.players)[0]
    cells = heatmap.cells(text, found, row, level=level, part=part)
    unsigned = found.unit in heatmap.MAGNITUDES
    label = found.targets[row].label
    painted = "".join(_mark(cell, found.unit, label, unsigned=unsigned) for cell in cells)
    return f'<p class="text" dir="auto">{painted}</p>'


def _mark(cell: heatmap.Cell, unit: str, label: str, *, unsigned: bool) -> str:
    if cell.score is None:
        said = _aside("not seen by the model") if cell.unseen else ""
        return f'<span class="unseen">{escape(cell.text)}{said}</span>' if cell.unseen else escape(cell.text)
    kind = "size" if unsigned else "towards" if cell.step > 0 else "away"
    style = f' class="{kind} s{abs(cell.step)}"' if cell.step else ""
    if unsigned:
        said = f"{cell.score:.4f} {unit}"
    else:
        said = f"{'lowers' if cell.score < 0 else 'raises'} {label} by {abs(cell.score):.4f} {unit}"
    return f'<mark{style} title="{cell.score:+.4f} {escape(unit)}">{escape(cell.text)}{_aside(said)}</mark>'


def _aside(said: str) -> str:
    """The score behind the paint, for readers who do not see it."""
    return f'<span class="vh"> ({escape(said)})</span>'


def _table(found: explainers.Attribution, row: int) -> str:
    assert found.scores is not None
    errors = found.standard_errors
    head = (
        f"<tr><th>Text</th><th>{escape(found.unit)}</th>{'<th>Standard error</th>' if errors is not None else ''}</tr>"
    )
    rows = []
    for player, feature in enumerate(found.spans):
        spread = "" if errors is None else f'<td class="n">{errors[row][player]:.4f}</td>'
        score = f'<td class="n">{found.scores[row][player]:+.4f}</td>'
        rows.append(f"<tr><td><bdi>{escape(feature.text)}</bdi></td>{score}{spread}</tr>")
    return f"<details><summary>All scores</summary><table>{head}{''.join(rows)}</table></details>"
