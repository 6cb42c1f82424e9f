"""The answer of a checked contract: an outcome for every check, with the figure it was read off."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..jobs.schemas import JobOut
from ..schemas import Name, Record, Request

Outcome = Literal["passed", "failed", "undecided"]


class CheckRequest(Request):
    """A contract held against a model; the texts are a data set, in place of the file that the contract names."""

    contract: str = Field(min_length=1, max_length=200_000, description="The contract, as TOML.")
    model: Name = Field(description="An id of /v1/models.")
    dataset: Name | None = Field(None, description="An id of /v1/datasets, where the contract measures on texts.")


class CheckOut(Record):
    """value with its interval, held against limit; undecided where the interval reaches over the limit."""

    kind: Literal["golden", "behaviour", "words", "accuracy", "calibration", "gap", "agreement"]
    name: str
    outcome: Outcome
    told: str = Field(description="The finding, in a sentence.")
    value: float | None = None
    low: float | None = None
    high: float | None = None
    limit: float | None = None
    at_least: bool = Field(False, description="Whether the limit is the lowest value allowed, else the highest.")
    examples: tuple[str, ...] = Field((), description="Texts on which it fails.")


class CheckedOut(Record):
    contract: str
    sha256: str = Field(description="SHA-256 of the contract's file.")
    model: str
    digest: str
    outcome: Outcome = Field(description="failed where any check fails, else undecided where any is.")
    passed: int
    failed: int
    undecided: int
    checks: tuple[CheckOut, ...]
    notes: tuple[str, ...] = ()


class CheckJobOut(Record):
    """A check: how far its job is and, once it is done, what it found."""

    job: JobOut
    check: CheckedOut | None = None


class ChecksOut(Record):
    checks: tuple[JobOut, ...]
    next: str | None = None
