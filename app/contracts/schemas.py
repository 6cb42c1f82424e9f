"""What a contract says of a model: an outcome for every check, with the figure it was read off."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..schemas import Record

Outcome = Literal["passed", "failed", "undecided"]


class CheckOut(Record):
    """value with its interval, held against limit; undecided where the interval reaches over the limit."""

    kind: Literal["golden", "behaviour", "words", "accuracy", "calibration", "gap", "agreement"]
    name: str
    outcome: Outcome
    told: str = Field(description="What was found, in a sentence.")
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    at_least: bool = Field(False, description="Whether the limit is the lowest value allowed, else the highest.")
    examples: tuple[str, ...] = Field((), description="Texts on which it fails.")


class CheckedOut(Record):
    contract: str
    sha256: str = Field(description="Of the contract's file.")
    model: str
    digest: str
    outcome: Outcome = Field(description="failed where any check fails, else undecided where any is.")
    passed: int
    failed: int
    undecided: int
    checks: tuple[CheckOut, ...]
    notes: tuple[str, ...] = ()
