"""Model cards in short, as Markdown, for the pages of the documentation that show figures.

python -m app.train.cards      writes the tables anew after a training run
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
EMBEDDED = ROOT / "explainers" / "models" / "embedded"
BEGIN, END = "<!-- cards:begin -->", "<!-- cards:end -->"
METRICS = {
    "accuracy": "accuracy",
    "auc": "AUC",
    "captions right": "captions right",
    "object first": "region of the word's object first",
}


def embedded_cards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(EMBEDDED.glob("*/card.json"))]


def figures_table(cards: Sequence[Mapping[str, Any]]) -> str:
    """One line a model and held-out file: what was measured, with its interval."""
    lines = ["| model | question | judged on | figure | 95 % interval | held to |", "|---|---|---|---|---|---|"]
    for card in cards:
        for figure in card["figures"]:
            judged = f"{figure['name']}, {figure['texts']:,} {figure.get('unit', 'texts')}"
            value = f"{METRICS[figure['metric']]} {figure['value']:.3f}"
            interval = f"{figure['low']:.3f}-{figure['high']:.3f}"
            lines.append(
                f"| `{card['name']}` | {card['description']} | {judged} | {value} | {interval} | {_held_to(figure)} |"
            )
    return "\n".join(lines)


def _held_to(figure: Mapping[str, Any]) -> str:
    if figure.get("goal") is None:
        return ""
    return f"{figure['goal']:.2f}" + ("" if figure["value"] >= figure["goal"] else ", missed")


def sections(cards: Sequence[Mapping[str, Any]]) -> str:
    """Sections of the documentation: the purpose and the limits of each model."""
    parts = [figures_table(cards)]
    for card in cards:
        limits = "\n".join(f"- {limit}" for limit in card["limits"])
        classes = ", ".join(f"`{label}`" for label in card["labels"])
        classes = f"Classes: {classes}. " if classes else ""
        trained = f"{card['training_texts']:,} {card.get('unit', 'texts')}, seed {card['seed']}."
        facts = f"{classes}Trained on {trained}"
        parts.append(f"### {card['name']}\n\n{card['intended_use']} {facts}\n\n{limits}")
    return "\n\n".join(parts)


def between_markers(page: str, content: str) -> str:
    """The page with what lies between the markers replaced."""
    pattern = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    return pattern.sub(lambda _: f"{BEGIN}\n{content}\n{END}", page)


PAGES = {"README.md": figures_table, "docs/models.md": sections}


def main() -> None:
    cards = embedded_cards()
    for name, render in PAGES.items():
        path = ROOT / name
        path.write_text(between_markers(path.read_text(encoding="utf-8"), render(cards)), encoding="utf-8")


if __name__ == "__main__":
    main()
