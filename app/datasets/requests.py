"""Requests of jobs over data sets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..schemas import Name, Request

SHARD = 512  # rows that are predicted together
EXPLAINED_SHARD = 64
ORDERED_SHARDS = 8  # of explained rows within which they are ordered by length: those of one length share passes
MOST_EXPLAINED = 10_000


Which = Literal["sample", "errors", "chosen"]


class DatasetJob(Request):
    """`import` reads the file and, with a model, hands on to `predict`, which asks it about every row and explains some
    of them: a random sample, what it gets wrong first, or the `chosen` ones; `explain` explains the chosen rows."""

    step: Literal["import", "predict", "explain"]
    dataset: Name
    created: int = Field(0, description="When the data set was: one that was deleted and sent again is read again.")
    rows: int = 0
    model: Name | None = None
    explain: int = Field(0, ge=0, le=MOST_EXPLAINED, description="Rows that are explained.")
    which: Which = "sample"
    method: Name = "shap"
    seed: int = Field(0, ge=0, le=2**32 - 1)
    chosen: tuple[int, ...] = Field((), max_length=MOST_EXPLAINED, description="Rows that are explained.")


class PredictRequest(Request):
    """A model over a whole data set."""

    model: Name
    explain: int = Field(0, ge=0, le=MOST_EXPLAINED, description="So many rows get an explanation too: see `which`.")
    which: Which = Field(
        "sample",
        description="Drawn at random; or what the model gets wrong first, the most certain errors before the others; "
        "or what the filters of the page choose (only there).",
    )
    method: Name = Field("shap", description="The method of these explanations, a name from /v1/explainers.")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Draws the sample.")
