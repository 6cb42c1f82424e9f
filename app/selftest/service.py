from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    both: Figure
    pair: Figure
    pair_by_words: float | None  # of a method that answers for pairs with its interactions: what its scores alone find


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """Figures of a method on language models that copy, reverse and translate; all are held to the floor."""

    method: str
    copied: Figure
    reversed: Figure
    translated: Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    rows: tuple[Row, ...]
    answers: tuple[AnswerRow, ...]
    floor: float
    models: int
    texts: int
    players: int


def stored() -> Selftest:
    """The table that was stored with the package, best methods first."""
    table = explainers.selftest_results()
    rows = [_row(name, found, table["held"]) for name, found in table["methods"].items()]
    best = sorted(rows, key=lambda row: (not row.word.held, -(row.word.value or 0), -(row.pair.value or 0)))
    return Selftest(
        rows=tuple(best),
        answers=_answer_rows(table["answers"]),
        floor=table["floor"],
        models=table["seeds"],
        texts=table["texts"],
        players=table["players"],
    )


def _answer_rows(answers: Mapping[str, Mapping[str, float]]) -> tuple[AnswerRow, ...]:
    tasks = ("copy", "reverse", "dictionary")
    return tuple(
        AnswerRow(name, *(Figure(answers[task][name], held=True) for task in tasks)) for name in answers["copy"]
    )


def _row(name: str, found: Mapping[str, float | None], held: Mapping[str, Sequence[str]]) -> Row:
    word, both, pair = (Figure(found[task], name in held.get(task, ())) for task in ("word", "both", "pair"))
    return Row(name, word, both, pair, found.get("pair_by_words"))
