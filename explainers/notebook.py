"""How an Attribution looks in a notebook and in a terminal.

Every text is escaped, nothing is fetched and no script runs. Painted words bring their own background and their own
text colour, so that they read alike in light and dark notebooks; the sign is underlined too, never colour alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .contract import Attribution, FloatArray, Panel, Part, Prediction, TextSpan

STEPS = 5
# From white to the deepest tint, mixed evenly: towards the class orange, away from it blue, without a sign grey-green.
TOWARDS = ("#ffffff", "#fef1e0", "#fee3c1", "#fdd5a2", "#fdc682", "#fdb863")
AWAY = ("#ffffff", "#e8f1fa", "#d0e3f5", "#b9d4f1", "#a1c6ec", "#8ab8e6")
SIZE = ("#ffffff", "#eaf1ee", "#d5e3dd", "#c0d6cc", "#abc8bb", "#96baaa")
UNSIGNED = frozenset({"share", "relevance"})
STRONGEST = 5


def html_of(found: Attribution) -> str:
    """One explanation: prediction, painted text, and the numbers folded away below it."""
    if found.scores is None:
        body = "<p>This method shows a mechanism and scores no words; its <code>relations</code> hold the numbers.</p>"
        return _frame(_heading(found, found.prediction.main.label) + body)
    row = _row(found)
    parts = [_heading(found, found.targets[row].label)]
    if found.input.kind == "text":
        parts.append(_painted(found, row, "text"))
    if found.text_pair is not None:
        parts.append(_painted(found, row, "text_pair"))
    parts += [_evidence(found, row), _table(found, row)]
    return _frame("".join(parts))


def panel_html(panel: Panel) -> str:
    """The answer in a sentence, then one explanation under the other."""
    return _frame(f'<p style="margin:0">{escape(panel_text(panel))}</p>') + "".join(map(html_of, panel.explanations))


def panel_text(panel: Panel) -> str:
    """The answer in a sentence; of a record without one what the model says."""
    main = panel.prediction.main.label
    return panel.answer.text if panel.answer else f"{main}{_chance(panel.prediction, main)}"


def text_of(found: Attribution) -> str:
    """The explanation in plain text: a line with the answer, then the strongest words with a bar."""
    if found.scores is None:
        return _summary(found)
    row = _row(found)
    scores = found.scores[row]
    top = _largest(scores)
    width = min(24, max((len(_line(f.text)) for f in found.features), default=1))
    lines = [_summary(found)]
    for player in np.argsort(-np.abs(scores), kind="stable")[: 2 * STRONGEST]:
        bar = ("+" if scores[player] > 0 else "-") * abs(_step(float(scores[player]), top))
        lines.append(f"  {_line(found.features[player].text):{width}.{width}}  {scores[player]:+.4f}  {bar}")
    if len(scores) > 2 * STRONGEST:
        lines.append(f"  … and {len(scores) - 2 * STRONGEST} more")
    return "\n".join(lines)


def repr_of(found: Attribution) -> str:
    """On one line: the method, what was predicted and the strongest words."""
    if found.scores is None:
        return f"<{_summary(found)}>"
    scores = found.scores[_row(found)]
    order = np.argsort(-np.abs(scores), kind="stable")[:STRONGEST]
    words = ", ".join(f"{_line(found.features[p].text)!r} {scores[p]:+.2f}" for p in order)
    return f"<{_summary(found)}: {words}>"


def segments(text: str, features: tuple[TextSpan, ...], part: Part) -> Iterator[tuple[str, int | None]]:
    """The text in order as (stretch, its feature or None for a gap). Joined, the stretches are the text again."""
    at = 0
    for number, feature in enumerate(features):
        if feature.part != part or feature.end <= at:
            continue
        start = max(at, feature.start)
        if start > at:
            yield text[at:start], None
        yield text[start : feature.end], number
        at = feature.end
    if at < len(text):
        yield text[at:], None


def _summary(found: Attribution) -> str:
    row = _row(found) if found.scores is not None else None
    target = found.prediction.main.label if row is None else found.targets[row].label
    return f"{found.method.name} of {found.model.id}: {target}{_chance(found.prediction, target)}, in {found.unit}"


def _heading(found: Attribution, target: str) -> str:
    badge = ""
    if found.badge is not None:
        word = {"sound": "sound", "rough": "rough", "distrust": "do not trust"}[found.badge.level]
        badge = f" · <strong>{word}</strong>: {escape(found.badge.reasons[0].text)}"
    predicted = escape(f"{target}{_chance(found.prediction, target)}")
    return (
        f'<p style="margin:0 0 .5em"><strong>{escape(found.method.name)}</strong> · {escape(found.model.id)} · '
        f"<bdi>{predicted}</bdi>{badge}</p>"
    )


def _painted(found: Attribution, row: int, part: Part) -> str:
    text = found.text if part == "text" else found.text_pair or ""
    assert found.scores is not None
    scores = found.scores[row]
    top = _largest(scores)
    cells = []
    for stretch, player in segments(text, found.spans, part):
        if player is None:
            cells.append(escape(stretch))
        else:
            cells.append(_mark(stretch, float(scores[player]), top=top, unit=found.unit))
    return f'<p dir="auto" style="line-height:2;white-space:pre-wrap;margin:.5em 0">{"".join(cells)}</p>'


def _mark(text: str, score: float, *, top: float, unit: str) -> str:
    step = _step(score, top)
    tint = (SIZE if unit in UNSIGNED else TOWARDS if step > 0 else AWAY)[abs(step)]
    paint = f"background:{tint};color:#111;" if step else "background:none;color:inherit;"
    line = f"text-decoration:underline {'solid' if step > 0 else 'dotted'};" if step else ""
    style = f"{paint}{line}text-underline-offset:.2em;border-radius:.2em;padding:.1em 0"
    return f'<mark style="{style}" title="{escape(f"{score:+.4f} {unit}")}">{escape(text)}</mark>'


def _evidence(found: Attribution, row: int) -> str:
    facts = [f"value: {found.value}", f"output {found.output[row]:+.4f}"]
    if found.baseline_output is not None:
        facts.append(f"baseline ({found.baseline}) {found.baseline_output[row]:+.4f}")
    if found.residual is not None:
        facts.append(f"residual {found.residual[row]:.1e}")
    facts += [f"{found.forward_passes} model evaluations", *(notice.text for notice in found.warnings)]
    return f'<p style="margin:.5em 0;font-size:.85em">{escape(" · ".join(facts))}</p>'


def _table(found: Attribution, row: int) -> str:
    assert found.scores is not None
    rows = "".join(
        f"<tr><td><bdi>{escape(feature.text)}</bdi></td><td>{score:+.4f}</td></tr>"
        for feature, score in zip(found.features, found.scores[row], strict=True)
    )
    head = f"<tr><th>{found.input.kind}</th><th>{escape(found.unit)}</th></tr>"
    return f"<details><summary>All {len(found.features)} scores</summary><table>{head}{rows}</table></details>"


def _frame(body: str) -> str:
    style = "border:1px solid rgba(128,128,128,.4);border-radius:.4em;padding:.8em 1em;margin:.5em 0;max-width:60em"
    return f'<div style="{style}">{body}</div>'


def _row(found: Attribution) -> int:
    """The predicted class or the first output, else the first of those that are covered."""
    try:
        return found.row()
    except KeyError:
        return 0


def _chance(prediction: Prediction, label: str) -> str:
    """The probability of a class, or the value of a regression's output."""
    if label not in prediction.labels:
        return ""
    if prediction.probabilities is None:
        return f" {prediction.logits[prediction.labels.index(label)]:+.3f}"
    return f" {prediction.probabilities[prediction.labels.index(label)]:.3f}"


def _largest(scores: FloatArray) -> float:
    finite = np.abs(scores[np.isfinite(scores)])
    return float(finite.max()) if finite.size else 0.0


def _step(score: float, top: float) -> int:
    """−5 … 5: the nearest fifth of the largest score."""
    return round(STEPS * score / top) if top and np.isfinite(score) else 0


def _line(text: str) -> str:
    """On one line, without characters that would move the cursor of a terminal."""
    return "".join(c if c.isprintable() else " " for c in text)
