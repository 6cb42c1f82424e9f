"""Training texts behind a prediction."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..jobs.schemas import JobOut
from ..schemas import Name, Record, Request, Text

SHOWN = 5
MOST_LEFT_OUT = 100


class TaughtRequest(Request):
    """A prediction of a model that was trained here."""

    model: Name
    text: Text
    target: Annotated[str, Field(max_length=200)] = Field("", description="A class; by default the predicted one.")
    leave_out: int = Field(
        0,
        ge=0,
        le=MOST_LEFT_OUT,
        description="Train again without so many of the texts that raised it most, and without as many drawn ones.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1)


class TaughtJob(TaughtRequest):
    training: Name
    dataset: Name = Field(description="That was learned from: the job quotes its texts, and goes with it.")
    rows: int


class TaughtText(Record):
    """A training text. influence: by how much its steps lowered the loss of the class, to first order; shared: its
    words that the asked text has too, as they stand in it."""

    text: str
    label: str
    influence: float
    share: float = Field(description="Of the sum of all absolute influences.")
    row: int | None = Field(description="In the data set that was learned from.")
    shared: tuple[str, ...]


class LeftOut(Record):
    """A causal check: the same training without the texts that raised the prediction most.

    before: probability of the class by the model; without: by a training without those texts; drawn: without as many
    others, drawn at random, which is how much a training changes by itself. foretold: change of the loss that the
    influences of the texts foretell; measured: the change that came.
    """

    texts: int
    before: float
    without: float
    drawn: float
    predicted_without: str
    foretold: float
    measured: float


class TaughtOut(Record):
    model: str
    dataset: str
    text: str
    target: str
    probability: float
    texts: int
    epochs: int
    raised: tuple[TaughtText, ...]
    lowered: tuple[TaughtText, ...]
    left_out: LeftOut | None


class TaughtJobOut(Record):
    """taught: None until the job is done."""

    job: JobOut
    taught: TaughtOut | None
