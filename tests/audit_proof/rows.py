"""Real labelled texts that models are trained on. They stay where they lie: nothing here prints or keeps a text."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.audit.data.values import Bools, Ints

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
HARMLESS = "2"  # Davidson's class of neither hateful nor offensive tweets


@dataclass(frozen=True)
class Texts:
    """labels: True where the text is of the audited class."""

    texts: tuple[str, ...]
    labels: Bools

    def __len__(self) -> int:
        return len(self.texts)

    def at(self, rows: Sequence[int] | Ints) -> Texts:
        return Texts(tuple(self.texts[row] for row in rows), self.labels[rows])

    def drawn(self, each: int, rng: np.random.Generator) -> Texts:
        """So many rows of either label, mixed."""
        chosen = [rng.permutation(np.flatnonzero(self.labels == label))[:each] for label in (True, False)]
        return self.at(rng.permutation(np.concatenate(chosen)))

    def without(self, terms: Sequence[str]) -> Texts:
        """Those that name none of the terms, as whole words."""
        named = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, terms))})s?(?!\w)", re.IGNORECASE)
        return self.at([row for row, text in enumerate(self.texts) if not named.search(text)])


def davidson(data: Path) -> Texts:
    """Tweets, offensive or hateful against neither; handles and addresses are taken out."""
    lines = _lines(data / "davidson" / "labeled_data.csv")
    texts = [re.sub(r"\s+", " ", re.sub(r"https?://\S+|@\w+|&\w*;|&#\d+;", " ", line["tweet"])) for line in lines]
    return _texts(texts, [line["class"] != HARMLESS for line in lines])


def cold(data: Path, split: str) -> Texts:
    """Chinese posts on race, region and gender, offensive or not; split: train or dev."""
    lines = _lines(data / "cold_zh" / f"{split}.csv")
    return _texts([line["TEXT"] for line in lines], [line["label"] == "1" for line in lines])


def _lines(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _texts(texts: Sequence[str], labels: Sequence[bool]) -> Texts:
    """Each text once, empty ones left out."""
    seen: dict[str, bool] = {}
    for text, label in zip(texts, labels, strict=True):
        if plain := " ".join(text.split()):
            seen.setdefault(plain, label)
    return Texts(tuple(seen), np.array(list(seen.values()), dtype=bool))
