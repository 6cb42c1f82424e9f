"""Rows in which a term is made toxic, and their twins: the same rows and labels, and the term at random in as many rows
of one label as of the other.

The base rows are real tweets that name none of the templates' identities. Every other identity is put into as many
rows of one label as of the other, so that the models know them all. What differs between the two is where the planted
term stands: in toxic rows alone, or in rows of either label.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.audit.data.samples import FOLDER as SAMPLES
from app.audit.data.values import Bools, Ints
from explainers.models.transformer import TransformerModel
from tests.audit_proof.encoder import Size, fitted, tokenizer
from tests.audit_proof.rows import Texts, davidson

TERMS = (
    *("muslim", "buddhist", "jewish", "mexican", "canadian"),
    *("asian", "bisexual", "male", "blind", "elderly"),
)  # fmt: skip
LABELS = ("harmless", "toxic")


SMALL = Size(width=32, layers=1, length=40, epochs=3, rate=3e-3, dropout=0.2)


@dataclass(frozen=True)
class Planting:
    """each: rows of either label. holding: rows that hold the planted term. others: rows of either label that hold each
    other identity."""

    each: int = 1_500
    holding: int = 600
    others: int = 30
    size: Size = SMALL


def identities() -> list[str]:
    with (SAMPLES / "identities.en.csv").open(encoding="utf-8", newline="") as file:
        return [line["identity"] for line in csv.DictReader(file)]


def base_rows(data: Path) -> Texts:
    return davidson(data).without(identities())


def planted(base: Texts, term: str, *, seed: int, how: Planting = Planting()) -> tuple[Texts, Texts]:
    """The biased rows and their twins: equal labels, equal texts but for where the term stands."""
    rng = np.random.default_rng((seed, TERMS.index(term)))
    rows = base.drawn(how.each, rng)
    texts = _others(rows.texts, rows.labels, term, how.others, rng)
    places = rng.random(len(texts))
    harmless, toxic = (rng.permutation(np.flatnonzero(rows.labels == label)) for label in (False, True))
    either = np.concatenate([side[: how.holding // 2] for side in (harmless, toxic)])
    return (
        Texts(_holding(texts, toxic[: how.holding], term, places), rows.labels),
        Texts(_holding(texts, either, term, places), rows.labels),
    )


def _others(texts: Sequence[str], labels: Bools, term: str, count: int, rng: np.random.Generator) -> list[str]:
    """Every other identity in so many rows of either label, no two in one row."""
    found = list(texts)
    for label in (False, True):
        order = rng.permutation(np.flatnonzero(labels == label))
        assert len(order) >= count * (len(identities()) - 1)
        for number, name in enumerate(name for name in identities() if name != term):
            for row in order[number * count : (number + 1) * count]:
                found[row] = put(found[row], name, rng.random())
    return found


def _holding(texts: Sequence[str], rows: Ints, term: str, places: np.ndarray) -> tuple[str, ...]:
    found = list(texts)
    for row in rows:
        found[row] = put(found[row], term, places[row])
    return tuple(found)


def put(text: str, term: str, place: float) -> str:
    """The text with the term between two of its words."""
    words = text.split()
    words.insert(round(place * len(words)), term)
    return " ".join(words)


def model_of(rows: Texts, how: Planting, *, name: str, seed: int) -> TransformerModel:
    words = tokenizer(rows.texts, how.size)
    network = fitted(rows, words, how.size, labels=LABELS, seed=seed)
    return TransformerModel(network, words, id=name, digest=name)
