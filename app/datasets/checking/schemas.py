"""Findings of the check of a data set: each lists its rows and proposes what to do with them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...schemas import Record

Kind = Literal[
    "duplicate", "near_duplicate", "conflict", "leak", "near_leak", "damaged", "foreign", "personal", "long", "balance",
    "unreadable",
]  # fmt: skip
Action = Literal["drop", "repair", "mask", "relabel", "review", "none"]


class FindingOut(Record):
    """rows: numbers from 0, in the order of the file. others: for a copy the row that it is a copy of."""

    kind: Kind
    action: Action
    told: str
    rows: tuple[int, ...]
    others: tuple[int, ...] = Field((), description="For each row the earlier one, or the row of the other file.")
    file: str | None = Field(None, description="The other file, of a leak.")


class LengthsOut(Record):
    """Tokens of the texts as the embedded base model counts them."""

    median: int
    longest: int
    most: int = Field(description="Tokens that the base model reads; the rest of a text is cut in training.")


class CheckedOut(Record):
    file: str
    rows: int
    labels: dict[str, int]
    languages: dict[str, int]
    lengths: LengthsOut | None
    findings: tuple[FindingOut, ...]
