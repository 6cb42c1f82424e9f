"""Rows near a row or near a text."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ..datasets.schemas import RowOut
from ..schemas import Name, Record, Request

By = Literal["states", "meaning"]
MOST_NEAR = 100
Limit = Annotated[int, Field(ge=1, le=MOST_NEAR)]


class NearOut(Record):
    """A row and its similarity, the cosine of the two vectors."""

    row: RowOut
    similarity: float


class NearbyOut(Record):
    """Rows near a row, or near a text that was searched for; the nearest first.

    by: `states`, what the head of the classifier reads of a text (its principal components), so rows that look alike
    to the model; `meaning`, vectors of a sentence encoder, whatever the model makes of them.
    """

    by: By
    model: str = Field(description="The classifier, or the sentence encoder.")
    rows: tuple[NearOut, ...]


class MeaningRequest(Request):
    """Vectors of every row by a sentence encoder."""

    encoder: Name = Field("similarity", description="A model that compares two texts.")


class SearchRequest(Request):
    """A text to search for by meaning."""

    text: Annotated[str, Field(min_length=1, max_length=2_000)]
    limit: Limit = 20


class MeaningJob(Request):
    dataset: Name
    created: int
    rows: int
    encoder: Name
