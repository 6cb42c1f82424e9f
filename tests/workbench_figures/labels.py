"""Labels of which 5 % are turned at random: how well they are found, beside cleanlab on the same probabilities."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from cleanlab.rank import get_label_quality_scores
from sklearn.metrics import average_precision_score

import explainers
from app.workbench.study.confident import doubts_of

DATA = Path(__file__).parents[3] / "shared" / "data"
SHARE, DRAWS, FIRST = 0.05, 5, 50
TOGETHER = 256  # texts that are asked about before they are kept
Row = tuple[str, int]


def uci() -> list[Row]:
    """Sentences about goods, films and restaurants with 0 or 1."""
    found = []
    for name in ("amazon_cells", "imdb", "yelp"):
        file = DATA / "uci_sentiment_sentences" / f"{name}_labelled.txt"
        lines = (line.rpartition("\t") for line in file.read_text(encoding="utf-8").split("\n"))
        found += [(text.strip(), int(label)) for text, _, label in lines if label.strip() in ("0", "1")]
    return found


def hatexplain() -> list[Row]:
    """Posts of the validation part on whose label most readers agree; hateful and offensive ones are toxic."""
    rows = map(json.loads, (DATA / "hatexplain" / "val.jsonl").read_text(encoding="utf-8").split("\n")[:-1])
    kinds = {"normal": 0, "offensive": 1, "hatespeech": 1}
    return [(" ".join(row["tokens"]), kinds[row["majority"]]) for row in rows if row["majority"] in kinds]


SETS: dict[str, tuple[str, Callable[[], list[Row]]]] = {
    "uci": ("sentiment", uci),
    "hatexplain": ("toxicity", hatexplain),
}


def labels(kept: Path) -> dict[str, Any]:
    return {name: _measured(name, model, rows(), kept) for name, (model, rows) in SETS.items()}


def _measured(name: str, model: str, rows: Sequence[Row], kept: Path) -> dict[str, Any]:
    shares = probabilities(model, [text for text, _ in rows], kept / f"{name}.npy")
    true = np.array([label for _, label in rows])
    ours, theirs, first = [], [], []
    for draw in range(DRAWS):
        turned = np.zeros(len(rows), dtype=bool)
        turned[np.random.default_rng(draw).choice(len(rows), round(SHARE * len(rows)), replace=False)] = True
        given = np.where(turned, 1 - true, true)
        quality = doubts_of(shares, given, np.ones(len(rows), dtype=bool)).quality
        ours.append(float(average_precision_score(turned, -quality)))
        theirs.append(float(average_precision_score(turned, -get_label_quality_scores(given, shares))))
        first.append(int(turned[np.argsort(quality, kind="stable")[:FIRST]].sum()))
    return {
        "model": model, "rows": len(rows), "right": float((shares.argmax(axis=1) == true).mean()), "draws": DRAWS,
        "average_precision": ours, "cleanlab": theirs, f"turned_of_first_{FIRST}": first,
    }  # fmt: skip


def probabilities(model: str, texts: Sequence[str], kept: Path) -> np.ndarray:
    """(texts, classes), a part at a time: what was computed is read from the file."""
    found = np.load(kept) if kept.exists() else np.zeros((0, 2))
    if len(found) < len(texts):
        from app.cli.terminal.judged import asked

        loaded = asked(model)
        while len(found) < len(texts):
            scores = loaded.scores(texts[len(found) : len(found) + TOGETHER])
            found = np.concatenate([found, explainers.values.probabilities(scores, loaded.head)])
            np.save(kept, found)
    return found
