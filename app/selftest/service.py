from __future__ import annotations

from dataclasses import dataclass

from .._library import explainers


@dataclass(frozen=True, slots=True)
class Figure:
    """AUPRC; None where the method ranks no words, or pairs. held: it has to reach the floor."""

    value: float | None
    held: bool


@dataclass(frozen=True, slots=True)
class Row:
    method: str
    word: Figure
    pair: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    rows: tuple[Row, ...]
    floor: float
    models: int
    texts: int
    players: int


def stored() -> Selftest:
    """The table that was stored with the package, best methods first."""
    table = explainers.selftest_results()
    rows = [
        Row(name, *(Figure(found[task], name in table["held"][task]) for task in ("word", "pair")))
        for name, found in table["methods"].items()
    ]
    best = sorted(rows, key=lambda row: (not row.word.held, -(row.word.value or 0), -(row.pair.value or 0)))
    return Selftest(
        rows=tuple(best),
        floor=table["floor"],
        models=table["seeds"],
        texts=table["texts"],
        players=table["players"],
    )
