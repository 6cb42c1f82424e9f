"""Training texts of the embedded models, by their number of words, from the data sets that lie beside the project."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from random import Random

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
SETS = {"sentiment": "SST", "toxicity": "HateXplain"}


def texts_of(model: str, *, words: tuple[int, int], count: int, data: Path = DATA) -> list[str]:
    """So many different texts of so many words, drawn from the training part of the model's data set: the first of a
    fixed order."""
    low, high = words
    found = list(dict.fromkeys(text for text in _training(model, data) if low <= len(text.split()) <= high))
    if len(found) < count:
        raise ValueError(f"{SETS[model]} has {len(found)} training texts of {low} to {high} words, fewer than {count}")
    Random(0).shuffle(found)
    return found[:count]


def _training(model: str, data: Path) -> Iterable[str]:
    if model == "sentiment":
        lines = (data / "sst2_binary" / "stsa.binary.train").read_text(encoding="utf-8").splitlines()
        return (line[2:].strip() for line in lines)
    with (data / "hatexplain" / "train_text_label.csv").open(encoding="utf-8", newline="") as file:
        return [row["text"].strip() for row in csv.DictReader(file)]
